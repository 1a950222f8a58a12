"""What is known of components by their name alone: which take money or let people in, and which are known to change the database. Pure.

Limits: a list of the widely used ones; a component that is not on it counts as harmless in these two respects alone, and its size of jump counts all the same.
"""

from typing import Final

_CHECKOUT: Final = frozenset(
    {
        "woocommerce", "woocommerce-payments", "woocommerce-gateway-stripe", "woocommerce-paypal-payments", "woocommerce-subscriptions",
        "easy-digital-downloads", "edd-stripe", "wp-e-commerce", "surecart", "fluent-cart", "mollie-payments-for-woocommerce",
        "klarna-payments-for-woocommerce",
        "woo-stripe-payment", "wp-simple-pay", "stripe", "give", "memberpress", "paid-memberships-pro", "restrict-content", "learndash", "sfwd-lms",
        "tutor", "lifterlms", "bookly-responsive-appointment-booking-tool", "ameliabooking", "event-tickets", "the-events-calendar-tickets",
    }
)  # fmt: skip
_SIGN_IN: Final = frozenset(
    {
        "two-factor", "wp-2fa", "two-factor-authentication", "miniorange-2-factor-authentication", "google-authenticator", "wordfence",
        "wordfence-login-security",
        "better-wp-security", "ithemes-security-pro", "all-in-one-wp-security-and-firewall", "limit-login-attempts-reloaded", "loginizer", "wps-hide-login",
        "miniorange-saml-20-single-sign-on", "miniorange-login-openid", "nextend-facebook-connect", "openid-connect-generic", "wp-saml-auth", "authorizer",
        "simple-membership", "ultimate-member", "user-registration", "theme-my-login", "login-with-ajax", "passwordless-login", "really-simple-ssl",
    }
)  # fmt: skip
_MIGRATE: Final = frozenset(
    {
        "woocommerce", "woocommerce-subscriptions", "easy-digital-downloads", "give", "memberpress", "paid-memberships-pro", "learndash", "sfwd-lms", "tutor",
        "lifterlms", "buddypress", "bbpress", "wordpress-seo", "wordpress-seo-premium", "seo-by-rank-math", "all-in-one-seo-pack", "elementor", "elementor-pro",
        "gravityforms", "wpforms", "wpforms-lite", "ninja-forms", "fluentform", "formidable", "redirection", "the-events-calendar", "wordfence",
        "better-wp-security", "action-scheduler", "matomo", "mailpoet", "polylang", "polylang-pro", "sitepress-multilingual-cms", "translatepress-multilingual",
        "ultimate-member", "surecart", "fluent-cart", "nextgen-gallery", "revslider",
    }
)  # fmt: skip


def slug(component: str) -> str:
    """The folder of a plugin (`plugin:a/b.php` -> `a`), the stylesheet of a theme, else nothing."""
    kind, _, rest = component.partition(":")
    if kind == "plugin":
        return rest.partition("/")[0].removesuffix(".php").lower()
    return rest.lower() if kind == "theme" else ""


def is_touchy(component: str) -> bool:
    """Checkout or sign-in: a fault there costs at once."""
    return slug(component) in _CHECKOUT | _SIGN_IN


def migrates(component: str) -> bool:
    """Known to change the database with an update; WordPress itself always counts."""
    return component == "core" or slug(component) in _MIGRATE
