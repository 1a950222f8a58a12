"""The lab: real WordPress sites in seconds, for the demo, the tests and the benchmarks.

Nothing here is part of the product and nothing of the product imports it. It needs Python's
standard library only, so that it runs before anything else is installed. Everything listens on
127.0.0.1; sites live outside any checkout, because WordPress turns its updater off inside one.

    from lab.site import Lab

    with Lab() as lab:                          # every process it starts ends with it
        site = lab.site("shop", version="6.8")  # 7.1, 6.8, 6.5, 6.2; database="mariadb" too
        site.install_plugin(Path("connector"))
        site.php("echo get_option('blogname');")
        site.wp("presswarden", "status")        # (exit code, stdout)
        site.events("action_ran")               # what really happened, told by the oracle

`lab.php` finds an interpreter, `lab.core` a WordPress, `lab.mariadb` a database server,
`lab.fleet` hundreds of sites on one tree, `lab.updates` plays the update API with good, broken
and hostile packages, `lab/mu` holds the oracle. `python -m lab` is the command line.
"""
