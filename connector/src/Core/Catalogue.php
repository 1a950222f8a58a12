<?php
/**
 * Every tool this connector knows. What is not listed here does not exist for a caller.
 *
 * @package Presswarden
 */

declare( strict_types=1 );

namespace Presswarden\Connector\Core;

final class Catalogue {

	private const KEY = array(
		'type'    => 'string',
		'pattern' => '^[A-Za-z0-9+/]{43}=$',
	);
	private const SIGNATURE = array(
		'type'    => 'string',
		'pattern' => '^[A-Za-z0-9+/]{86}==$',
	);

	private const ID          = array(
		'type'    => 'string',
		'pattern' => '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
	);
	private const ID_OR_NONE  = array(
		'type'    => 'string',
		'pattern' => '^(?:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})?$',
	);
	private const DEADLINE    = array(
		'type'    => 'integer',
		'minimum' => 60,
		'maximum' => 3600,
	);
	private const VERSION     = array(
		'type'      => 'string',
		'minLength' => 1,
		'maxLength' => 100,
	);
	private const SECONDS     = array(
		'type'    => 'integer',
		'minimum' => 1,
		'maximum' => 25,
	);
	private const STEP        = array(
		'type'    => 'integer',
		'minimum' => 0,
		'maximum' => 1000000,
	);
	private const PLUGIN      = '^plugin:[^\\x00-\\x1f\\x7f\\\\]+$';
	private const CONNECTOR   = '^plugin:[^\\x00-\\x1f\\x7f\\\\/]+/presswarden-connector\\.php$';
	private const THEME       = '^theme:[^\\x00-\\x1f\\x7f\\\\]+$';
	private const CORE        = '^core$';
	private const TRANSLATION = '^translation:(?:core|plugin|theme):[^\\x00-\\x1f\\x7f\\\\/:]+:[A-Za-z0-9_@-]+$';
	private const ANY         = '^(?:core|(?:plugin|theme|translation):[^\\x00-\\x1f\\x7f\\\\]+)$';

	/** @return array<string,ActionSpec> By tool name. */
	public static function actions(): array {
		return array_column( array_merge( self::reads_and_control(), self::snapshots(), self::changes() ), null, 'tool' );
	}

	/** @return array<int,ActionSpec> */
	private static function reads_and_control(): array {
		$reason  = self::args(
			array(
				'reason' => array(
					'type'      => 'string',
					'maxLength' => 200,
				),
			)
		);
		$rotate  = self::args(
			array(
				'epoch'      => array(
					'type'    => 'integer',
					'minimum' => 1,
				),
				'public_key' => self::KEY,
				'signature'  => self::SIGNATURE,
			)
		);
		$moved   = self::args(
			array(
				'home' => array(
					'type'      => 'string',
					'minLength' => 8,
					'maxLength' => 200,
				),
			)
		);
		return array(
			new ActionSpec( 'wp.site.get_environment', ActionSpec::READ, 'none', 'read', self::args( array() ), true ),
			new ActionSpec( 'wp.site.health', ActionSpec::READ, 'none', 'read', self::args( array() ), true ),
			new ActionSpec( 'wp.site.inventory', ActionSpec::READ, 'none', 'read', self::args( array() ), true ),
			new ActionSpec( 'control.confirm', ActionSpec::CONTROL, 'none', '', self::args( array() ), false ),
			new ActionSpec( 'control.moved', ActionSpec::CONTROL, 'none', '', $moved, false ),
			new ActionSpec( 'control.pause', ActionSpec::CONTROL, 'none', '', $reason, true ),
			new ActionSpec( 'control.resume', ActionSpec::CONTROL, 'none', '', self::args( array() ), true ),
			new ActionSpec( 'control.revoke', ActionSpec::CONTROL, 'none', '', $reason, false ),
			new ActionSpec( 'control.rotate', ActionSpec::CONTROL, 'none', '', $rotate, false ),
			new ActionSpec( 'control.rotate_site', ActionSpec::CONTROL, 'none', '', self::args( array() ), false ),
		);
	}

	/** @return array<int,ActionSpec> */
	private static function snapshots(): array {
		$create  = self::args(
			array(
				'component' => self::component( self::ANY ),
				'database'  => array( 'type' => 'boolean' ),
				'seconds'   => self::SECONDS,
				'snapshot'  => self::ID,
				'step'      => self::STEP,
			)
		);
		$verify  = self::args(
			array(
				'seconds'  => self::SECONDS,
				'snapshot' => self::ID,
				'step'     => self::STEP,
			)
		);
		$delete  = self::args( array( 'snapshot' => self::ID ) );
		$restore = self::args(
			array(
				'change'   => self::ID_OR_NONE,
				'scope'    => array(
					'type' => 'string',
					'enum' => array( 'files', 'database' ),
				),
				'snapshot' => self::ID,
			)
		);
		return array(
			new ActionSpec( 'wp.snapshot.create', ActionSpec::PREPARE, 'low', 'read', $create, true ),
			new ActionSpec( 'wp.snapshot.verify', ActionSpec::PREPARE, 'low', 'read', $verify, true ),
			new ActionSpec( 'wp.snapshot.stage', ActionSpec::PREPARE, 'low', 'read', $verify, true ),
			new ActionSpec( 'wp.snapshot.list', ActionSpec::READ, 'none', 'read', self::args( array() ), true ),
			new ActionSpec( 'wp.snapshot.delete', ActionSpec::CHANGE, 'high', 'update_plugins', $delete, false ),
			new ActionSpec( 'wp.snapshot.restore', ActionSpec::RECOVER, 'high', 'update_plugins', $restore, false ),
		);
	}

	/** @return array<int,ActionSpec> */
	private static function changes(): array {
		$close = self::args( array( 'change' => self::ID ) );
		return array(
			new ActionSpec( 'wp.plugin.update', ActionSpec::CHANGE, 'medium', 'update_plugins', self::update( self::PLUGIN, self::ID ), true ),
			new ActionSpec( 'wp.theme.update', ActionSpec::CHANGE, 'medium', 'update_themes', self::update( self::THEME, self::ID ), true ),
			new ActionSpec( 'wp.connector.update', ActionSpec::CHANGE, 'medium', 'update_plugins', self::update( self::CONNECTOR, self::ID ), true ),
			new ActionSpec( 'wp.core.update', ActionSpec::CHANGE, 'high', 'update_core', self::update( self::CORE, self::ID ), true ),
			new ActionSpec( 'wp.translation.update', ActionSpec::CHANGE, 'low', 'update_languages', self::update( self::TRANSLATION, self::ID_OR_NONE ), true ),
			new ActionSpec( 'wp.plugin.activate', ActionSpec::CHANGE, 'medium', 'activate_plugins', self::switching(), true ),
			new ActionSpec( 'wp.plugin.deactivate', ActionSpec::CHANGE, 'medium', 'deactivate_plugins', self::switching(), true ),
			new ActionSpec( 'wp.change.close', ActionSpec::RECOVER, 'low', 'update_plugins', $close, false ),
			new ActionSpec( 'wp.maintenance.clear', ActionSpec::RECOVER, 'low', 'update_core', self::args( array() ), false ),
		);
	}

	/**
	 * Arguments of an update of one component to one version.
	 *
	 * @param array<string,mixed> $snapshot Schema of the snapshot's id.
	 * @return array<string,mixed>
	 */
	private static function update( string $component, array $snapshot ): array {
		return self::args(
			array(
				'change'    => self::ID,
				'component' => self::component( $component ),
				'deadline'  => self::DEADLINE,
				'snapshot'  => $snapshot,
				'version'   => self::VERSION,
			)
		);
	}

	/** @return array<string,mixed> */
	private static function switching(): array {
		return self::args(
			array(
				'change'    => self::ID,
				'component' => self::component( self::PLUGIN ),
				'deadline'  => self::DEADLINE,
				'snapshot'  => self::ID_OR_NONE,
			)
		);
	}

	/** @return array<string,mixed> */
	private static function component( string $pattern ): array {
		return array(
			'type'      => 'string',
			'pattern'   => $pattern,
			'maxLength' => 400,
		);
	}

	/**
	 * An object of exactly these members, all required.
	 *
	 * @param array<string,array<string,mixed>> $members Schema of each member.
	 * @return array<string,mixed>
	 */
	private static function args( array $members ): array {
		return array(
			'type'                 => 'object',
			'properties'           => $members,
			'required'             => array_keys( $members ),
			'additionalProperties' => false,
		);
	}
}
