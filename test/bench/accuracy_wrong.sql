-- accuracy_wrong.sql: which persons of truth.record come out wrong, and why: what ties
-- records of two persons, and where one person's records share nothing that ties or a
-- limit refused it.
CREATE TEMP VIEW member AS
SELECT t.entity, t.source, t.source_key, r.record_id, i.profile_id
  FROM truth.record t JOIN customer.source s ON s.source = t.source JOIN customer.record r ON r.source_id = s.source_id AND r.source_key = t.source_key
  JOIN customer.identity i USING (record_id);
CREATE TEMP VIEW tie AS
SELECT h.kind, replace(h.value, E'\x1f', ' + ') AS value, h.record_id
  FROM customer.identifier h JOIN cdp_internal.evidence_kinds('customer', 50) k ON k.kind = h.kind AND k.ties WHERE NOT h.blocked;

\echo
\echo 'Profiles that hold more than one person:'
SELECT format('  profile %s: persons %s (records %s): %s', m.profile_id, string_agg(DISTINCT m.entity, ', '), string_agg(DISTINCT m.source_key, ', ' ORDER BY m.source_key),
              (SELECT string_agg(DISTINCT format('%s share %s', x.pair, x.kind), '; ')
                 FROM (SELECT a.source_key || ' and ' || b.source_key AS pair, ta.kind
                         FROM member a JOIN member b ON b.profile_id = a.profile_id AND b.entity <> a.entity AND a.source_key < b.source_key
                         JOIN tie ta ON ta.record_id = a.record_id JOIN tie tb ON tb.record_id = b.record_id AND tb.kind = ta.kind AND tb.value = ta.value
                        WHERE a.profile_id = m.profile_id) x))
  FROM member m GROUP BY m.profile_id HAVING count(DISTINCT m.entity) > 1 ORDER BY min(m.source_key);

-- what two records of one person in two profiles have in common, though it ties nobody
CREATE TEMP VIEW common AS
SELECT a.entity, least(a.source_key, b.source_key) AS one, greatest(a.source_key, b.source_key) AS other,
       string_agg(v.key, ', ' ORDER BY v.key) FILTER (WHERE v.key <> 'record_type') AS attributes
  FROM member a JOIN member b ON b.entity = a.entity AND b.profile_id > a.profile_id
  JOIN customer.record ra ON ra.record_id = a.record_id JOIN customer.record rb ON rb.record_id = b.record_id
  CROSS JOIN LATERAL jsonb_each(to_jsonb(ra)) v
 WHERE v.key IN (SELECT attribute FROM customer.attribute) AND v.value <> 'null' AND v.value = to_jsonb(rb) -> v.key
 GROUP BY 1, 2, 3;

\echo
\echo 'Persons in more than one profile (records in parentheses):'
SELECT format('  person %s: %s: %s', m.entity,
              (SELECT string_agg('(' || p.keys || ')', ' ' ORDER BY p.keys) FROM (SELECT string_agg(a.source_key, ' ' ORDER BY a.source_key) AS keys FROM member a WHERE a.entity = m.entity GROUP BY a.profile_id) p),
              coalesce((SELECT string_agg(DISTINCT format('%s and %s share %s, refused by the limit on %s', least(a.source_key, b.source_key), greatest(a.source_key, b.source_key), f.kind, f.refused_by), '; ')
                          FROM member a JOIN customer.refused_merge f ON f.record_a = a.record_id JOIN member b ON b.record_id = f.record_b
                         WHERE a.entity = m.entity AND b.entity = m.entity) || '; ', '')
              || coalesce('equal but not enough for a rule: ' || (SELECT string_agg(format('%s of %s and %s', c.attributes, c.one, c.other), '; ' ORDER BY c.one, c.other)
                                                              FROM common c WHERE c.entity = m.entity AND c.attributes IS NOT NULL), 'no value is equal'))
  FROM member m GROUP BY m.entity HAVING count(DISTINCT m.profile_id) > 1 ORDER BY m.entity;
