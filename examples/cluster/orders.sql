-- Sixty thousand orders in twelve seconds, and what each customer has ordered so far.
CREATE STREAM orders (id BIGINT, customer BIGINT)
WITH (
  'connector' = 'datagen', 'rows' = '60000', 'rows_per_second' = '5000',
  'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '60000',
  'fields.customer.kind' = 'random', 'fields.customer.min' = '1', 'fields.customer.max' = '50'
);

CREATE STREAM totals (customer BIGINT, orders BIGINT)
WITH ('connector' = 'file', 'path' = 'totals.csv', 'format' = 'csv');

INSERT INTO totals SELECT customer, count(*) AS orders FROM orders GROUP BY customer;
