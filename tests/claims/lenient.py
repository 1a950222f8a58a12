"""What a careless programmer would have verified Ed25519 with: the strict gate taken out, and a library that checks the bare equation and nothing else.

Both halves of the product, each as a change to a copy. Limits: for proofs that the gate is needed.
"""

from __future__ import annotations

from tests.claims.control import Edit
from tests.claims.victims import Swap

GATE = Edit(
    "kernel/verify.py",
    '    y = int.from_bytes(key, "little") & ((1 << 255) - 1)\n    return y < _P and y not in _SMALL_ORDER_Y\n',
    "    return True\n",
)
SMALL_S = Edit("kernel/verify.py", '    if int.from_bytes(signature[32:], "little") >= _L:\n        return False\n')
BARE_EQUATION = Edit(
    "kernel/verify.py",
    "        bindings.crypto_sign_open(signature + message, key)\n",
    "        from tests.claims.curve import holds\n\n        return holds(signature, message, key)\n",
)

ED25519 = "src/Core/Ed25519.php"
PHP_GATE = Swap(
    ED25519, "return self::below( $y, self::FIELD_PRIME ) && ! in_array( bin2hex( $y ), self::SMALL_ORDER, true );", "return true;"
)
PHP_SMALL_S = Swap(ED25519, "if ( ! self::below( substr( $signature, 32 ), self::GROUP_ORDER ) ) {", "if ( false ) {")
PHP_BARE_EQUATION = Swap(
    ED25519,
    "return true === sodium_crypto_sign_verify_detached( $signature, $message, $key );",
    "require_once ABSPATH . 'wp-includes/sodium_compat/autoload.php';"
    "$curve = new class() extends \\ParagonIE_Sodium_Core_Ed25519 {"
    " public static function holds( $signature, $message, $key ) {"
    "  $hashed = self::sc_reduce( hash( 'sha512', substr( $signature, 0, 32 ) . $key . $message, true ) );"
    "  $right  = self::ge_double_scalarmult_vartime( $hashed, self::ge_frombytes_negate_vartime( $key ), substr( $signature, 32 ) );"
    "  return self::ge_tobytes( $right ) === substr( $signature, 0, 32 );"
    " } };"
    "return $curve::holds( $signature, $message, $key );",
)
