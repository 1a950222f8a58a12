"""`presswarden site`: pair, look, read, update, mode, pause, revoke and the rest. Limits: files wishes and shows what came of them; the dispatcher acts."""

from typing import Annotated

import typer

from presswarden.kernel.ids import RequestId
from presswarden.policy.model import Mode
from presswarden.surfaces.cli import asking, changes, controls, health_pages, modes, pairing, site_pages, updating
from presswarden.surfaces.cli.desk import Counter

SiteName = Annotated[str, typer.Argument(metavar="SITE", help="The site: id, label or home URL.")]
Reason = Annotated[str, typer.Option(help="Why, in a few words: it stands in the audit and on the site.")]


def commands(counter: Counter) -> typer.Typer:
    app = typer.Typer(no_args_is_help=True, help="Sites: pair, look, read, pause, revoke.", rich_markup_mode=None)

    @app.command("pair")
    def pair(
        context: typer.Context,
        label: Annotated[str, typer.Argument(help="What people call the site, such as shop.")],
        wait: Annotated[bool, typer.Option(help="Wait until the site has paired, at most ten minutes.")] = True,
    ) -> None:
        """Make a pairing string for one site: single use, ten minutes."""
        counter.serve(context, lambda desk: pairing.pair(desk, label, wait=wait))

    @app.command("list")
    def list_(context: typer.Context) -> None:
        """List the sites of the organisation."""
        counter.serve(context, site_pages.list_sites)

    @app.command("show")
    def show(context: typer.Context, site: SiteName) -> None:
        """Show what is known of a site and how old each fact is."""
        counter.serve(context, lambda desk: site_pages.show(desk, site))

    @app.command("read")
    def read(
        context: typer.Context,
        site: Annotated[str, typer.Argument(metavar="SITE", help="The site: id, label or home URL.")] = "",
        tool: Annotated[str, typer.Argument(help="wp.site.get_environment, wp.site.inventory or wp.site.health.")] = "wp.site.health",
        request: Annotated[str, typer.Option(help="Look again at an earlier request instead.")] = "",
        seconds: Annotated[float, typer.Option(min=1, max=300, help="How long to wait.")] = asking.PATIENCE,
    ) -> None:
        """Read from a site by a signed call."""
        if not site and not request:
            raise typer.BadParameter("Name a SITE, or --request of an earlier read.")
        handle = RequestId(request) if request else None
        counter.serve(context, lambda desk: controls.read(desk, site, tool, handle, seconds=seconds))

    @app.command("update")
    def update(
        context: typer.Context,
        site: SiteName,
        component: Annotated[str, typer.Argument(help="As `site show` names it: core, plugin:akismet/akismet.php, theme:...")],
        seconds: Annotated[float, typer.Option(min=1, max=3600, help="How long to wait for the result.")] = 900.0,
    ) -> None:
        """Update one component to the version that the site is offered, and say what really came of it."""
        counter.serve(context, lambda desk: updating.update(desk, site, component, seconds=seconds))

    @app.command("changes")
    def changes_(context: typer.Context, site: SiteName, limit: changes.LIMIT = 50) -> None:
        """List what changed on a site: what was asked by whom, who agreed, when it ran, whether it worked."""
        counter.serve(context, lambda desk: changes.history(desk, site, limit))

    @app.command("mode")
    def mode(
        context: typer.Context,
        site: SiteName,
        mode: Annotated[Mode | None, typer.Argument(help="observe, approve or autonomous. Default: show it.")] = None,
        critical: Annotated[bool | None, typer.Option("--critical/--not-critical", help="A fault costs most there.")] = None,
    ) -> None:
        """Show or choose how much may happen on a site without a person."""
        counter.serve(context, lambda desk: modes.mode(desk, site, mode, critical=critical))

    @app.command("health-urls")
    def health_urls(
        context: typer.Context,
        site: SiteName,
        urls: Annotated[
            list[str] | None, typer.Argument(metavar="[URL]...", help="Up to five pages of this site. Default: show them.")
        ] = None,
        none: Annotated[bool, typer.Option("--none", help="The home page alone.")] = False,
        default: Annotated[bool, typer.Option("--default", help="Those of the settings again.")] = False,
    ) -> None:
        """Show or choose the pages that are looked at after a change, beside the home page."""
        if none + default + bool(urls) > 1:
            raise typer.BadParameter("Name pages, or say --none, or --default.")
        counter.serve(context, lambda desk: health_pages.health_urls(desk, site, urls or (() if none else None), default=default))

    @app.command("pause")
    def pause(context: typer.Context, site: SiteName, reason: Reason = "") -> None:
        """Pause a site: it answers health and control calls only."""
        counter.serve(context, lambda desk: controls.pause(desk, site, reason))

    @app.command("resume")
    def resume(context: typer.Context, site: SiteName) -> None:
        """Lift our own pause. A pause by the site's admin stays."""
        counter.serve(context, lambda desk: controls.resume(desk, site))

    @app.command("revoke")
    def revoke(
        context: typer.Context,
        site: SiteName,
        reason: Reason = "",
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask. The pairing ends for good.")] = False,
    ) -> None:
        """End the pairing from our side; works with the site down."""
        if not yes:
            typer.confirm(f"End the pairing with {site}? The site takes no call of ours after that.", abort=True, err=True)
        counter.serve(context, lambda desk: controls.revoke(desk, site, reason))

    @app.command("rotate")
    def rotate(
        context: typer.Context,
        site: SiteName,
        site_key: Annotated[bool, typer.Option("--site-key", help="Rotate the site's own key instead of ours.")] = False,
    ) -> None:
        """Replace a key; the old one stays valid for at most 24 hours."""
        counter.serve(context, lambda desk: controls.rotate(desk, site, site_key=site_key))

    @app.command("moved")
    def moved(context: typer.Context, site: SiteName) -> None:
        """Confirm that a site moved to the URL its admin named."""
        counter.serve(context, lambda desk: controls.confirm_move(desk, site))

    return app
