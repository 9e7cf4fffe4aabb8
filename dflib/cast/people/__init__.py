"""Who and when: a person, the population they are drawn from, shots, hair styles, and variants of one person."""
