-- The rows of a big tenant, as `ingest` writes them, from the temporary tables that bench_api.py fills:
-- base (n, subject, sender, body, vector) and account (n, id, inbox, archive). `i` numbers the messages;
-- four in a row are a conversation, a quarter of the conversations lies in the archive, a tenth is unread,
-- a tenth has a file.

INSERT INTO mail_mailbox (id, account_id, remote_id, path, delimiter, role, selectable, subscribed, total, unread,
                          threads, unread_threads, rev)
SELECT unnest(ARRAY[inbox, archive]), id, unnest(ARRAY['INBOX', 'Archive']),
       string_to_array(unnest(ARRAY['INBOX', 'Archive']), '/'), '/', unnest(ARRAY['inbox', 'archive']),
       true, true, 0, 0, 0, 0, 1
FROM account;

CREATE TEMPORARY TABLE made AS
SELECT i, gen_random_uuid() AS id, a.id AS account_id, a.inbox, a.archive, (i / 40) %% 10 <> 0 AS seen,
       i %% 10 = 3 AS filed,
       timestamptz '2026-11-01' - i * interval '1 minute' AS at, i / 4 AS thread_number
FROM generate_series(0, %(count)s - 1) i JOIN account a ON a.n = (i / 4) %% %(accounts)s;

CREATE TEMPORARY TABLE made_thread AS
SELECT thread_number, gen_random_uuid() AS id, min(account_id::text)::uuid AS account_id, max(at) AS at,
       count(*) AS n, count(*) FILTER (WHERE NOT seen) AS unread, bool_or(filed) AS filed, min(i) AS i,
       (CASE WHEN thread_number %% 4 = 0 THEN min(archive::text) ELSE min(inbox::text) END)::uuid AS mailbox_id
FROM made GROUP BY thread_number;

INSERT INTO mail_thread (id, account_id, subject, subject_key, rootless, snippet, participants, last_at, count,
                         unread, flagged, has_attachment, rev)
SELECT t.id, t.account_id, b.subject, 0, false, left(b.body, 200),
       jsonb_build_array(jsonb_build_object('name', b.sender, 'address', 'p@bench.example', 'me', false)),
       t.at, t.n, t.unread, false, t.filed, 1
FROM made_thread t JOIN base b ON b.n = t.i %% %(texts)s;

INSERT INTO mail_message (id, account_id, thread_id, identity, message_id, subject, senders, recipients, at,
                          received_at, size, snippet, flags, has_attachment, facts, truncated, complete, unreadable,
                          pack, pack_offset, pack_length, rev)
SELECT m.id, m.account_id, t.id, 'f1:' || m.i, m.i || '@bench.example', b.subject,
       jsonb_build_array(jsonb_build_object('name', b.sender, 'address', 'p@bench.example')), '{}', m.at, m.at,
       5000, left(b.body, 200), CASE WHEN m.seen THEN ARRAY['\seen'] ELSE '{}' END, m.filed, '{}', '{}', true, false,
       '', 0, 0, 1
FROM made m JOIN made_thread t USING (thread_number) JOIN base b ON b.n = m.i %% %(texts)s;

INSERT INTO mail_messagewords (message_id, account_id, at, sender, recipients, subject, filenames, body, vector)
SELECT m.id, m.account_id, m.at, b.sender, '', b.subject, CASE WHEN m.filed THEN 'plan.pdf' ELSE '' END, b.body,
       b.vector
FROM made m JOIN base b ON b.n = m.i %% %(texts)s;

INSERT INTO mail_attachment (id, message_id, section, filename, content_type, size, content_id, inline)
SELECT gen_random_uuid(), id, '2', 'Plan.pdf', 'application/pdf', 20000, '', false FROM made WHERE filed;

INSERT INTO mail_placement (mailbox_id, uid, message_id, flags)
SELECT t.mailbox_id, m.i + 1, m.id, CASE WHEN m.seen THEN ARRAY['\seen'] ELSE '{}' END
FROM made m JOIN made_thread t USING (thread_number);

INSERT INTO mail_threadentry (mailbox_id, thread_id, at, unread, flagged)
SELECT mailbox_id, id, at, unread > 0, false FROM made_thread;

UPDATE mail_mailbox b SET threads = n.threads, total = n.threads * 4, unread_threads = n.unread, unread = n.unread * 4
FROM (SELECT mailbox_id, count(*) AS threads, count(*) FILTER (WHERE unread) AS unread
      FROM mail_threadentry GROUP BY 1) n
WHERE n.mailbox_id = b.id;
