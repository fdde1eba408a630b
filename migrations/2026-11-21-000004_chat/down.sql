DROP TABLE chat.messages, chat.conversations;
DROP FUNCTION chat.protect_counters();
DROP FUNCTION chat.number_message();
