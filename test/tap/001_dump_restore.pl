# A database with a space is dumped and restored, by plain script and by archive in
# parallel: the same answers, and nothing for a resolve to do.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--encoding=UTF8', '--locale=C.UTF-8' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE business');
$node->safe_psql(
	'business', q{
	SET client_min_messages = warning;
	CREATE EXTENSION cdp;
	CREATE SCHEMA "Src";
	CREATE TABLE "Src".contact (id int PRIMARY KEY, given text, family text, email text, mobile text, office text, born text, at timestamptz);
	CREATE TABLE "Src".customer (no text PRIMARY KEY, name text, email text, at timestamptz);
	CREATE VIEW "Src".subscriber AS SELECT 'n' || id AS id, email FROM "Src".contact WHERE id % 3 = 0;
	CREATE TABLE "Src".orders (no int PRIMARY KEY, customer text, total numeric, at timestamptz);
	INSERT INTO "Src".contact SELECT i, 'Ann', (ARRAY['Lee', 'Müller', '山田'])[1 + i % 3], 'p' || i % 70 || '@example.com', '212-555-' || lpad((i % 90)::text, 4, '0'), CASE WHEN i % 7 = 0 THEN 'none' END,
		'19' || 50 + i % 40 || '-02-03', '2026-01-01'::timestamptz + i * interval '1 hour' FROM generate_series(1, 100) i;
	INSERT INTO "Src".customer SELECT 'C' || i, 'Ann Lee', CASE WHEN i % 10 = 0 THEN 'not an address' ELSE 'P' || i || '@example.com' END, '2026-02-01' FROM generate_series(1, 60) i;
	INSERT INTO "Src".orders SELECT i, 'C' || i % 60, i * 10, now() - i * interval '1 day' FROM generate_series(1, 200) i;

	SELECT cdp.create_space('My Brand', 'GB');
	SELECT cdp.set_attribute('"My Brand"', 'birth_date', 'max_per_profile', '1');
	SELECT cdp.add_attribute('"My Brand"', 'nick name', 'name', survivorship => 'longest');
	SELECT cdp.add_source('"My Brand"', '"Src".contact', key => 'id', name => 'crm', observed_at => 'at', trust => 80, region => 'US', retention => '3 years',
		fields => '{"given_name": "given", "family_name": "family", "email": "email", "phone": ["mobile", "office"], "birth_date": "born", "nick name": "given"}');
	SELECT cdp.add_source('"My Brand"', '"Src".customer', key => 'no', name => 'shop', observed_at => 'at', fields => '{"full_name": "name", "email": "email"}');
	SELECT cdp.add_source('"My Brand"', '"Src".subscriber', key => 'id', fields => '{"email": "email"}', filter => 'email <> ''''');
	SELECT cdp.add_event_source('"My Brand"', '"Src".orders', key => 'no', identifiers => '{"shop": "customer"}', event => '''Order Completed''', at => 'at', value => 'total', name => 'orders');
	SELECT cdp.add_rule('"My Brand"', 'name and phone', '{given_name,family_name,phone}');
	SELECT cdp.block_value('"My Brand"', 'email', 'p7@example.com', why => 'shared');
	SELECT cdp.resolve('"My Brand"');
	UPDATE "Src".contact SET email = 'p1@example.com' WHERE id IN (2, 3);
	UPDATE "Src".contact SET email = 'alone@example.com' WHERE id = 5;
	DELETE FROM "Src".contact WHERE id IN (11, 81);
	SELECT cdp.rule_same('"My Brand"', (SELECT min(record_id) FROM "My Brand".record), (SELECT max(record_id) FROM "My Brand".record), 'told us');
	SELECT cdp.rule_different('"My Brand"', (SELECT record_id FROM "My Brand".record WHERE source_key = '1'), (SELECT record_id FROM "My Brand".record WHERE source_key = 'C1'), 'two persons');
	SELECT cdp.resolve('"My Brand"');
	SELECT cdp.add_purpose('"My Brand"', 'news', default_rule => 'allow', channels => '{email,sms}');
	SELECT cdp.record_consent('"My Brand"', 'email', 'p' || i || '@example.com', 'news', (ARRAY['granted', 'denied', 'withdrawn'])[1 + i % 3], at => '2026-01-01', source => 'form', evidence => '{"v": 3}') FROM generate_series(1, 40) i;
	SELECT cdp.record_consent('"My Brand"', 'email', 'p4@example.com', 'news', 'denied', 'sms', at => '2026-02-01');
	SELECT cdp.define_trait('"My Brand"', 'spent', 'sum(total)', source => 'orders');
	SELECT cdp.define_segment('"My Brand"', 'big', 'spent > 1000', 'who spent much');
	SELECT cdp.refresh_segments('"My Brand"');
	UPDATE "Src".orders SET total = total + 1000 WHERE no % 9 = 0;
	CALL cdp.run('"My Brand"');
});

# every table row by row, and what the functions say
my $space = '"My Brand"';
my $tables = $node->safe_psql('business', q{SELECT string_agg(quote_ident(relname), ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = '"My Brand"'::regnamespace AND relkind = 'r'});
my %ask = (map { ("table $_" => "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text COLLATE \"C\"), '')), count(*) FROM $space.$_ t") } split(' ', $tables));
$ask{consented} = "SELECT string_agg(p.profile_id || ' ' || cdp.consented('$space', p.profile_id, 'news') || cdp.consented('$space', p.profile_id, 'news', 'sms'), ',' ORDER BY p.profile_id) FROM $space.profile p";
$ask{consent_decision} = "SELECT string_agg(d::text, ',' ORDER BY p.profile_id) FROM $space.profile p CROSS JOIN cdp.consent_decision('$space', p.profile_id, 'news') d";
$ask{members} = "SELECT string_agg(m.profile_id::text, ',' ORDER BY m.profile_id) FROM cdp.members('$space', 'big') m";
$ask{explain_segment} = "SELECT string_agg(e::text, ',' ORDER BY p.profile_id, e::text) FROM $space.profile p CROSS JOIN cdp.explain_segment('$space', 'big', p.profile_id) e";
$ask{explain_profile} = "SELECT string_agg(e::text, E'\\n' ORDER BY p.profile_id, n) FROM $space.profile p CROSS JOIN cdp.explain_profile('$space', p.profile_id) WITH ORDINALITY e(topic, name, value, source, source_key, record_id, because, n)";
$ask{quality_report} = "SELECT string_agg(q::text, E'\\n') FROM cdp.quality_report('$space') q";
$ask{status} = "SELECT string_agg(s::text, E'\\n') FROM cdp.status('$space') s";
$ask{current_profile} = "SELECT string_agg(i || ' ' || coalesce(cdp.current_profile('$space', i)::text, '-'), ',' ORDER BY i) FROM generate_series(1, 300) i";
$ask{aliases} = "SELECT count(*) > 0, (SELECT count(*) > 0 FROM $space.rejected_value), (SELECT count(*) > 0 FROM $space.refused_merge), (SELECT count(*) > 0 FROM $space.segment_member WHERE left_at IS NULL) FROM $space.profile_alias WHERE profile_id IS NOT NULL";

my %before = map { ($_ => $node->safe_psql('business', $ask{$_})) } keys %ask;
is($before{aliases}, 't|t|t|t', 'the space has something of everything');

my $folder = PostgreSQL::Test::Utils::tempdir();
$node->command_ok([ 'pg_dump', '-f', "$folder/plain.sql", 'business' ], 'dump as a script');
$node->command_ok([ 'pg_dump', '-Fd', '-j2', '-f', "$folder/archive", 'business' ], 'dump as an archive');
$node->safe_psql('postgres', "CREATE DATABASE $_ TEMPLATE template0") for qw(plain archive);
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', 'plain', '-f', "$folder/plain.sql" ], 'restore the script');
$node->command_ok([ 'pg_restore', '-j2', '--exit-on-error', '-d', 'archive', "$folder/archive" ], 'restore the archive');

my $counts = "SET client_min_messages = warning; SELECT added, changed, removed, rejected, merged, split FROM cdp.resolve('$space')";
my $written = "SELECT string_agg(x, ',') FROM (SELECT 'r' || record_id || xmin || ctid AS x FROM $space.record UNION ALL SELECT 'i' || record_id || xmin || ctid FROM $space.identity"
	. " UNION ALL SELECT 'p' || profile_id || xmin || ctid FROM $space.profile ORDER BY 1) x";
for my $copy (qw(plain archive))
{
	is($node->safe_psql($copy, $ask{$_}), $before{$_}, "$copy: $_") for sort keys %ask;

	my $rows = $node->safe_psql($copy, $written);
	is($node->safe_psql($copy, $counts), '0|0|0|0|0|0', "$copy: a resolve finds nothing to do");
	is($node->safe_psql($copy, $written), $rows, "$copy: and writes no row");
	is($node->safe_psql($copy, "SELECT counts ->> 'whole' FROM $space.run ORDER BY run_id DESC LIMIT 1"), 'false', "$copy: nor clusters anything again");

	# it lives on: new ids do not meet old ones, the ledger is still append-only, the change is taken in
	$node->safe_psql($copy, q{INSERT INTO "Src".contact (id, email) VALUES (1001, 'new@example.com')});
	is($node->safe_psql($copy, $counts), '1|0|0|0|0|0', "$copy: a new row is taken in");
	is($node->safe_psql($copy, "SELECT count(*) FROM $space.profile_alias a JOIN $space.profile p ON p.profile_id = a.old_profile_id"), '0', "$copy: new ids are new");
	my ($rc, $out, $err) = $node->psql($copy, "DELETE FROM $space.consent_event", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/CDP12/, "$copy: the ledger is append-only");
	is($node->safe_psql($copy, "SELECT cdp.record_consent('$space', 'email', 'new\@example.com', 'news', 'denied') > (SELECT max(consent_event_id) FROM $space.consent_event)"), 't', "$copy: consent is taken down");
	is($node->safe_psql($copy, "SELECT cdp.consented('$space', i.profile_id, 'news') FROM $space.identity i JOIN $space.record r USING (record_id) WHERE r.source_key = '1001'"), 'f', "$copy: and heeded");
	is($node->safe_psql($copy, "SET client_min_messages = warning; CALL cdp.run('$space'); SELECT count(*) FROM $space.run WHERE state = 'failed'"), '0', "$copy: a run succeeds");
}

$node->stop;
done_testing();
