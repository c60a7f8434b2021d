-- Run at each start of the daemon, in one transaction.
CREATE TABLE IF NOT EXISTS fruit (name text PRIMARY KEY);
INSERT INTO fruit VALUES ('damson'), ('quince') ON CONFLICT DO NOTHING;
