# The server dies in the middle of a resolve: the former state is there, and the next
# resolve goes on as if nothing had been.
use strict;
use warnings;

BEGIN { $ENV{PG_TEST_TIMEOUT_DEFAULT} //= 30; }
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use IPC::Run;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->append_conf('postgresql.conf', "restart_after_crash = on\nclient_min_messages = warning");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION cdp;
	CREATE TABLE person (id int PRIMARY KEY, email text, phone text);
	INSERT INTO person SELECT i, 'p' || i % 300 || '@example.com', '212-555-' || lpad((i % 200)::text, 4, '0') FROM generate_series(1, 500) i;
	-- a source that waits in the middle when it is told to
	CREATE TABLE gate (closed boolean);
	CREATE FUNCTION wait_at_gate(email text) RETURNS text LANGUAGE plpgsql STABLE AS $$
	BEGIN
		IF EXISTS (SELECT FROM public.gate WHERE closed) THEN PERFORM pg_sleep(60); END IF;
		RETURN email;
	END $$;
	CREATE VIEW late AS SELECT id, wait_at_gate(email) AS email FROM person WHERE id <= 3;
	SELECT cdp.create_space('customer');
	SELECT cdp.add_source('customer', 'person', key => 'id', name => 'person', fields => '{"email": "email", "phone": "phone"}');
	SELECT cdp.add_source('customer', 'late', key => 'id', name => 'late', fields => '{"email": "email"}');
});

my $state = "SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (SELECT 'r' || r::text AS x FROM customer.record r UNION ALL SELECT 'i' || i::text FROM customer.identity i UNION ALL SELECT 'd' || d::text FROM customer.identifier d"
	. " UNION ALL SELECT 'p' || p::text FROM customer.profile p UNION ALL SELECT 'a' || a::text FROM customer.profile_alias a UNION ALL SELECT 'l' || l::text FROM customer.merge_log l UNION ALL SELECT 'u' || u::text FROM customer.run u) x";
my $sound = "SELECT (SELECT count(*) FROM customer.record) = (SELECT count(*) FROM customer.identity), NOT EXISTS (SELECT profile_id FROM customer.identity EXCEPT SELECT profile_id FROM customer.profile),"
	. " NOT EXISTS (SELECT profile_id FROM customer.profile EXCEPT SELECT profile_id FROM customer.identity), (SELECT sum(record_count) FROM customer.profile) = (SELECT count(*) FROM customer.record),"
	. " (SELECT indexrelid IS NOT NULL FROM pg_index WHERE indrelid = 'customer.identifier'::regclass AND indisprimary)";

# Starts a statement that stops at the gate, and waits until it is there; returns the handle and the backend's pid.
sub stopped_at_gate
{
	my ($sql) = @_;
	my ($in, $out, $err) = ('', '', '');
	$node->safe_psql('postgres', 'TRUNCATE gate; INSERT INTO gate VALUES (true)');
	my $run = IPC::Run::start([ 'psql', '-X', '-d', $node->connstr('postgres'), '-c', $sql ], '<', \$in, '>', \$out, '2>', \$err);
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'") or die 'the resolve did not reach the gate';
	return ($run, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"));
}

sub back_again
{
	my ($what, $former, $resolve) = @_;
	$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
	is($node->safe_psql('postgres', $state), $former, "$what: the former state");
	$node->safe_psql('postgres', 'TRUNCATE gate');
	is($node->safe_psql('postgres', "SELECT records, added, changed FROM cdp.resolve('customer')"), $resolve, "$what: the next resolve does what is to do");
	is($node->safe_psql('postgres', $sound), 't|t|t|t|t', "$what: and the space is sound");
}

# a first resolve, which has taken indexes away: the backend is killed, the server restarts by itself
my $former = $node->safe_psql('postgres', $state);
my ($run, $pid) = stopped_at_gate("SELECT cdp.resolve('customer')");
kill 'KILL', $pid;
$run->finish;
back_again('killed backend', $former, '503|503|0');

# one with changes, stopped by an immediate shutdown
$node->safe_psql('postgres', q{UPDATE person SET email = 'p1@example.com' WHERE id % 10 = 0; DELETE FROM person WHERE id > 490; INSERT INTO person VALUES (1000, 'p2@example.com')});
$node->safe_psql('postgres', q{UPDATE person SET email = 'x@example.com' WHERE id = 2});
$former = $node->safe_psql('postgres', $state);
($run, $pid) = stopped_at_gate("CALL cdp.run('customer')");
$node->stop('immediate');
$run->finish;
$node->start;
back_again('immediate stop', $former, '494|1|51');

# and what a committed resolve did survives
$former = $node->safe_psql('postgres', $state);
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', $state), $former, 'what was committed is there after a crash');

$node->stop;
done_testing();
