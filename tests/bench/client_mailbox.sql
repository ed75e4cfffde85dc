-- One mailbox of single messages, as `ingest` writes them, from the temporary tables that bench_client.py fills:
-- base (n, subject, sender, body, vector) and place (account, inbox, archive). `i` numbers the messages, the newest
-- first; a tenth is unread.

INSERT INTO mail_mailbox (id, account_id, remote_id, path, delimiter, role, selectable, subscribed, total, unread,
                          threads, unread_threads, rev)
SELECT unnest(ARRAY[inbox, archive]), account, unnest(ARRAY['INBOX', 'Archive']),
       string_to_array(unnest(ARRAY['INBOX', 'Archive']), '/'), '/', unnest(ARRAY['inbox', 'archive']),
       true, true, 0, 0, 0, 0, 1
FROM place;

CREATE TEMPORARY TABLE made AS
SELECT i, gen_random_uuid() AS id, gen_random_uuid() AS thread_id, i %% 10 <> 0 AS seen,
       date_trunc('second', now()) - i * interval '7 minutes' AS at
FROM generate_series(0, %(count)s - 1) i;

INSERT INTO mail_thread (id, account_id, subject, subject_key, rootless, snippet, participants, last_at, count,
                         unread, flagged, has_attachment, rev)
SELECT m.thread_id, p.account, b.subject, 0, false, left(b.body, 200),
       jsonb_build_array(jsonb_build_object('name', b.sender, 'address', 'p@bench.example', 'me', false)),
       m.at, 1, (NOT m.seen)::int, false, false, 1
FROM made m JOIN base b ON b.n = m.i %% %(texts)s CROSS JOIN place p;

INSERT INTO mail_message (id, account_id, thread_id, identity, message_id, subject, senders, recipients, at,
                          received_at, size, snippet, flags, has_attachment, facts, truncated, complete, unreadable,
                          pack, pack_offset, pack_length, rev)
SELECT m.id, p.account, m.thread_id, 'f1:' || m.i, m.i || '@bench.example', b.subject,
       jsonb_build_array(jsonb_build_object('name', b.sender, 'address', 'p@bench.example')), '{}', m.at, m.at,
       5000, left(b.body, 200), CASE WHEN m.seen THEN ARRAY['\seen'] ELSE '{}' END, false, '{}', '{}', true, false,
       '', 0, 0, 1
FROM made m JOIN base b ON b.n = m.i %% %(texts)s CROSS JOIN place p;

INSERT INTO mail_messagewords (message_id, account_id, at, sender, recipients, subject, filenames, body, vector)
SELECT m.id, p.account, m.at, b.sender, '', b.subject, '', b.body, b.vector
FROM made m JOIN base b ON b.n = m.i %% %(texts)s CROSS JOIN place p;

INSERT INTO mail_placement (mailbox_id, uid, message_id, flags)
SELECT p.inbox, %(count)s - m.i, m.id, CASE WHEN m.seen THEN ARRAY['\seen'] ELSE '{}' END
FROM made m CROSS JOIN place p;

INSERT INTO mail_threadentry (mailbox_id, thread_id, at, unread, flagged)
SELECT p.inbox, m.thread_id, m.at, NOT m.seen, false FROM made m CROSS JOIN place p;

UPDATE mail_mailbox b SET threads = n.n, total = n.n, unread_threads = n.unread, unread = n.unread
FROM (SELECT count(*) AS n, count(*) FILTER (WHERE NOT seen) AS unread FROM made) n, place p
WHERE b.id = p.inbox;
