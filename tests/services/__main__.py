"""Start the services and keep them until Ctrl-C: those that the options name, without options both."""

import argparse
import signal
import sys

from tests.services.service import VARIABLES, Services
from tests.services.unavailable import ServiceFailed, Unavailable


def main() -> int:
    """Print the addresses as shell commands that set the variables of the tests, and wait."""
    parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
    for name in VARIABLES:
        parser.add_argument(f"--{name}", action="store_true")
    asked = vars(parser.parse_args())
    names = [name for name in VARIABLES if asked[name]] or list(VARIABLES)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Services() as services:
            for name in names:
                service = services.neo4j() if name == "neo4j" else services.kafka()
                print(f"export {VARIABLES[name]}={service.address}  # {service.origin}", flush=True)
            print("Ctrl-C ends them.", file=sys.stderr)
            signal.pause()
    except KeyboardInterrupt:
        return 0
    except (Unavailable, ServiceFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
