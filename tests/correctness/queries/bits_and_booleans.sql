-- Aggregates of conditions and of bits.
SELECT
    dest, bool_and(dep_delay > -30) AS all_, bool_or(dep_delay > 300) AS any_, bit_and(flight) AS common_bits,
    bit_or(distance) AS some_bits, bit_xor(flight) AS parity
FROM flights
GROUP BY dest;
