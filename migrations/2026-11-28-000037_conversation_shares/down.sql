DROP POLICY own_insert ON chat.messages;
DROP POLICY seen ON chat.messages;
DROP POLICY own_delete ON chat.conversations;
DROP POLICY own_update ON chat.conversations;
DROP POLICY own_insert ON chat.conversations;
DROP POLICY seen ON chat.conversations;
DROP TABLE chat.conversation_shares;
DROP FUNCTION chat.protect_share();
DROP FUNCTION chat.refuse_foreign_share();
CREATE POLICY own ON chat.conversations AS RESTRICTIVE FOR ALL TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all' OR user_id = (SELECT ops.actor()));
COMMENT ON POLICY own ON chat.conversations IS 'People have their own conversations, and those of others only when they may read all.';
CREATE POLICY own ON chat.messages AS RESTRICTIVE FOR ALL TO portico_app USING (
  (SELECT current_setting('app.conversations', true)) = 'all'
  OR conversation_id IN (SELECT c.id FROM chat.conversations c WHERE c.user_id = (SELECT ops.actor())));
COMMENT ON POLICY own ON chat.messages IS 'Messages are seen with their conversation.';
