"""Who is who: normalise, compare, resolve, explain; pure, without I/O, clock or randomness."""
