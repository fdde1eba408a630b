DROP TRIGGER take_seat_again ON identity.memberships;
DROP TRIGGER take_seat ON identity.memberships;
DROP TRIGGER used ON chat.messages;
DROP SCHEMA billing CASCADE;
