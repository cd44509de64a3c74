"""How sure the answer is: scores joined with membership, as pure functions of arrays."""
