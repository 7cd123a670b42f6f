"""What Neo4j refuses, and why it can't be asked, in our words."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from neo4j.exceptions import DriverError, Neo4jError, ServiceUnavailable, SessionExpired

from graph_schema.errors import Overtaken, StoreUnavailable

TURN_SECONDS: Final = 120
"""How long a batch may take, waiting for its turn included, before the server ends it."""
USER: Final = "ONEFOLD_NEO4J_USER"
PASSWORD: Final = "ONEFOLD_NEO4J_PASSWORD"  # noqa: S105 - the name of a variable


@contextmanager
def told(server: str) -> Iterator[None]:
    """Says in our words what goes wrong with the database; never its own, which may hold values."""
    try:
        yield
    except (ServiceUnavailable, SessionExpired, OSError) as error:
        if reason := _distrust(error):
            raise StoreUnavailable(
                f"the certificate of Neo4j at {server} doesn't hold ({reason})",
                way_out="Name its CA's file in SSL_CERT_FILE; bolt+ssc and neo4j+ssc take any certificate",
            ) from None
        raise StoreUnavailable(
            f"Neo4j at {server} doesn't answer", way_out="See that it runs there (docker compose up neo4j)"
        ) from None
    except Neo4jError as error:
        code = error.code or "unknown"
        if error.is_retryable() or code.startswith("Neo.TransientError") or "AlreadyExists" in code:
            raise Overtaken from None
        if code.startswith("Neo.ClientError.Security."):
            raise StoreUnavailable(
                f"Neo4j at {server} doesn't let this user in ({code.rpartition('.')[2]})",
                way_out=f"Set {USER} and {PASSWORD}; a password that came with Neo4j has to be changed first",
            ) from None
        if "Transaction" in code and "Time" in code:
            raise StoreUnavailable(
                f"a transaction took longer than {TURN_SECONDS} s, and Neo4j ended it",
                way_out="Use smaller batches, or fewer writers",
            ) from None
        raise StoreUnavailable(f"Neo4j refuses ({code})", way_out="Its own log tells more") from None
    except DriverError as error:
        raise StoreUnavailable(
            f"Neo4j at {server} can't be used ({type(error).__name__})",
            way_out="See that the address is right",
        ) from None


def _distrust(error: BaseException | None) -> str:
    """What is wrong with the server's certificate, where that is behind an error; of a server that names
    others the driver tells what became of each."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if error is None:
        return ""
    behind = error.exceptions if isinstance(error, BaseExceptionGroup) else (error.__cause__,)
    return next(filter(None, map(_distrust, behind)), "")
