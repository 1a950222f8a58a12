<?php
/**
 * Commit confirmed: an open change is taken back unless somebody calls it good, and at once when the site shows that it is bad.
 *
 * Runs at the front of each request while a change is open, before WordPress loads anything of it. It knows no WordPress and
 * no database. Command lines never decide: they see no visitors, and their opcode cache is not the web server's.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Watch;

final class Watch {

	/** How far the request came. */
	public const PREPEND = 'prepend';
	public const DROPIN  = 'dropin';
	public const MU      = 'mu';
	public const PLUGINS = 'plugins';
	public const LOADED  = 'loaded';

	private const RESERVE = 262144;

	private static ?self $here = null;

	private Marker $marker;
	private string $stage;
	private string $page;
	private bool $probe    = false;
	private bool $baseline = false;
	private bool $early    = false;
	private ?Flight $flight = null;
	/** Freed when memory is over, so that the rest of this class can still work. */
	private ?string $reserve;

	private function __construct( Marker $marker, string $stage ) {
		$this->marker  = $marker;
		$this->stage   = $stage;
		$this->page    = substr( md5( self::path() ), 0, 16 );
		$this->reserve = str_repeat( 'x', self::RESERVE );
	}

	/** The watch over this request, or null when no change is open. The first door that boots wins. */
	public static function boot( string $content, string $stage ): ?self {
		if ( null !== self::$here || 'cli' === PHP_SAPI || 'phpdbg' === PHP_SAPI ) {
			return self::$here;
		}
		$marker = Marker::read( Marker::folder( $content ) );
		if ( null === $marker || ! $marker->is_open() || ! $marker->is_of( $content ) ) {
			return null;
		}
		self::$here = new self( $marker, $stage );
		self::$here->start();
		return self::$here;
	}

	public static function here(): ?self {
		return self::$here;
	}

	public function marker(): Marker {
		return $this->marker;
	}

	public function reach( string $stage ): void {
		$this->stage = $stage;
	}

	/** Asked at plugins_loaded and wp_loaded: has somebody printed before WordPress sent its headers? */
	public function look_for_early_output(): void {
		$this->early = $this->early || headers_sent() || ( ob_get_level() > 0 && (int) ob_get_length() > 0 );
	}

	/** PHP sends the headers. */
	public function answers(): void {
		null === $this->flight || $this->flight->answers( time() );
	}

	/** First of all shutdown functions, so that it runs before WordPress's own. */
	public function end(): void {
		$this->reserve = null;
		@ini_set( 'memory_limit', '-1' ); // phpcs:ignore Generic.PHP.NoSilencedErrors.Forbidden -- some hosts forbid it; the freed reserve has to do then.
		null === $this->flight || $this->flight->end( time() );
		if ( ! $this->baseline && ! $this->probe && null === error_get_last() ) {
			return;
		}
		$folder = Marker::folder( $this->marker->content );
		$fatal  = Evidence::fatal();
		if ( $this->baseline ) {
			null === $fatal || Evidence::remember( $folder, $fatal, $this->marker->opened - 1, true );
			Evidence::before( $this->marker, $this->page, $this->weak() );
			return;
		}
		$now = null === $fatal && ! $this->probe ? null : Marker::read( $folder );
		if ( null === $now || $now->change !== $this->marker->change || Marker::CONFIRM !== $now->state ) {
			return;
		}
		$this->marker = $now;
		$why          = null === $fatal ? ( $this->probe ? $this->weak() : '' ) : $this->of_fatal( $folder, $fatal );
		if ( '' !== $why && Evidence::counts( $now, $why, $this->page ) && in_array( $this->take_back( $why ), array( Marker::RESTORED, Marker::RESTORING ), true ) ) {
			self::one_moment();
		}
	}

	private function start(): void {
		$recover = self::header( 'HTTP_X_PRESSWARDEN_RECOVER' );
		if ( '' !== $recover ) {
			$this->answer( Rescue::signed( $this->marker, Rescue::RECOVER, $recover, time() ) );
		}
		if ( Marker::APPLYING === $this->marker->state ) {
			$this->while_applying();
			return;
		}
		if ( Marker::RESTORING === $this->marker->state || time() > $this->marker->deadline ) {
			$this->heal( '' === $this->marker->why ? 'deadline' : $this->marker->why );
			return;
		}
		$probe       = self::header( 'HTTP_X_PRESSWARDEN_PROBE' );
		$this->probe = '' !== $probe && Rescue::signed( $this->marker, Rescue::PROBE, $probe, time() );
		$folder      = Marker::folder( $this->marker->content );
		foreach ( Flight::left_behind( $folder, time() ) as list( $kind, $name ) ) {
			if ( Evidence::counts( $this->marker, $kind, $this->page, $name ) ) {
				$this->heal( $kind );
				return;
			}
		}
		if ( Flight::is_watched( self::header( 'REQUEST_METHOD' ), self::path() ) && ! self::is_our_call() ) {
			$this->flight = Flight::begin( $folder, time() );
			// Whoever else registers one takes this one's place; then a slow reader counts as before.
			null === $this->flight || header_register_callback( array( $this, 'answers' ) );
		}
		register_shutdown_function( array( $this, 'end' ) );
	}

	/** The updater lives: its half-done files prove nothing. It is dead when its lock is free. */
	private function while_applying(): void {
		$token = self::header( 'HTTP_X_PRESSWARDEN_BASELINE' );
		if ( '' !== $this->marker->baseline && hash_equals( $this->marker->baseline, $token ) ) {
			$this->baseline = true;
			register_shutdown_function( array( $this, 'end' ) );
			return;
		}
		$lock = Lock::take( Marker::folder( $this->marker->content ) . '/' . Marker::APPLY_LOCK, 0.0 );
		if ( null !== $lock ) {
			Lock::release( $lock );
			$this->heal( 'updater-died' );
		}
	}

	/** Before WordPress is loaded; the same request is served by what was put back, unless half of another core is loaded already. */
	private function heal( string $why ): void {
		$state = $this->take_back( $why );
		if ( Marker::RESTORED === $state && 'core' === $this->marker->component && self::PREPEND !== $this->stage ) {
			self::one_moment();
		}
	}

	private function take_back( string $why ): string {
		$state               = TakeBack::run( $this->marker->content, $this->marker->change, $why );
		$this->marker->state = '' === $state ? $this->marker->state : $state;
		return $state;
	}

	/** A recover call: answered here, before WordPress, and good for one thing. */
	private function answer( bool $signed ): void {
		$state = $signed ? $this->take_back( 'recover-call' ) : '';
		http_response_code( $signed ? 200 : 403 );
		header( 'Content-Type: application/json' );
		header( 'Cache-Control: no-store' );
		echo json_encode(
			array(
				'restored' => Marker::RESTORED === $state,
				'state'    => $state,
			)
		);
		exit;
	}

	/** @param array{type:int,message:string,file:string,line:int} $fatal Of this request. */
	private function of_fatal( string $folder, array $fatal ): string {
		$old = Evidence::is_old( $this->marker, $fatal );
		Evidence::remember( $folder, $fatal, time(), false );
		if ( $old ) {
			return '';
		}
		return Evidence::names_it( $this->marker, $fatal ) ? Evidence::FATAL_HERE : Evidence::FATAL_ELSEWHERE;
	}

	/** What a probe may show. A maintenance page or a missing database ends at the first door and says nothing about plugins. */
	private function weak(): string {
		if ( in_array( $this->stage, array( self::MU, self::PLUGINS ), true ) && ! self::is_redirect() ) {
			return Evidence::BOOT_CUT;
		}
		if ( $this->early ) {
			return Evidence::EARLY_OUTPUT;
		}
		$status = http_response_code();
		return is_int( $status ) && $status >= 500 && in_array( $this->stage, array( self::MU, self::PLUGINS, self::LOADED ), true ) ? Evidence::ERROR_STATUS : '';
	}

	private static function is_redirect(): bool {
		foreach ( headers_list() as $line ) {
			if ( 0 === stripos( $line, 'location:' ) ) {
				return true;
			}
		}
		return false;
	}

	/** To whoever met the broken version: the next try is served by the old one. */
	private static function one_moment(): void {
		if ( headers_sent() ) {
			return;
		}
		while ( ob_get_level() > 0 && ob_end_clean() ) {
			continue;
		}
		// By a header and not by http_response_code(): PHP has written a status line of its own for the fatal error, and only this takes it away.
		header( 'Retry-After: 1', true, 503 );
		header( 'Cache-Control: no-store' );
		header( 'Content-Type: text/plain; charset=UTF-8' );
		if ( 'GET' === self::header( 'REQUEST_METHOD' ) ) {
			header( 'Refresh: 1' );
		}
		echo "One moment: the last change of this site was taken back. Please try again.\n";
		exit;
	}

	private static function is_our_call(): bool {
		return false !== strpos( rawurldecode( self::header( 'REQUEST_URI' ) ), '/presswarden/v1/call' );
	}

	private static function path(): string {
		return explode( '?', self::header( 'REQUEST_URI' ), 2 )[0];
	}

	private static function header( string $name ): string {
		return isset( $_SERVER[ $name ] ) && is_string( $_SERVER[ $name ] ) ? $_SERVER[ $name ] : ''; // phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- compared and hashed, never stored or printed.
	}
}
