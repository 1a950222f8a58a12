"""The first line of `presswarden`: it imports the program with the garbage collector at rest.

What an import makes stays until the end, so looking through it again and again finds nothing and takes a seventh of what a command takes to start.
Limits: from the first word of the program on, the collector does its work, on what came after.
"""

import gc


def main() -> None:
    """Run the program."""
    gc.disable()
    from presswarden.processes.cli import main as program

    gc.freeze()
    gc.enable()
    program()
