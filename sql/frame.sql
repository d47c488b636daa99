-- the frame: extension, spaces, their errors
CREATE EXTENSION cdp;
SELECT cdp.create_space('customer');
SELECT version = (SELECT extversion FROM pg_extension WHERE extname = 'cdp') AS has_version, region FROM customer.space_info;

-- names that cannot be
\set SHOW_CONTEXT never
SELECT cdp.create_space('customer');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.create_space('pg_customer');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.create_space('cdp');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp.create_space('x', region => 'usa');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp_internal.require_space('public');
\echo :LAST_ERROR_SQLSTATE
SELECT cdp_internal.require_space('nowhere');
\echo :LAST_ERROR_SQLSTATE
SET cdp.default_region = 'England';

-- a quoted name, renamed, dropped: the cache follows
SELECT cdp.create_space('My Brand', region => 'GB');
SELECT cdp_internal.require_space('"My Brand"');
ALTER SCHEMA "My Brand" RENAME TO brand;
SELECT cdp_internal.require_space('brand');
SELECT cdp.drop_space('brand', confirm => 'Brand');
SET client_min_messages = warning;
SELECT cdp.drop_space('brand', confirm => 'brand');
SELECT cdp_internal.require_space('brand');
