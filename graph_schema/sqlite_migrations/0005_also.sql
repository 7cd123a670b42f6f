-- Who else an erased event was told of, found by the event.
CREATE INDEX event_also_event ON event_also (event);
