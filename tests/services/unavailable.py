"""Why a service can't be had."""


class Unavailable(Exception):
    """Neither environment nor Docker engine nor Maven Central gives the service; the text says why."""


class ServiceFailed(RuntimeError):
    """A service that should run ended, or answers nothing in time; the text holds the end of its log."""
