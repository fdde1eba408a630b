//! Too many wrong passwords (B006).
use futures_util::future::join_all;

use super::house::{House, PASSWORD, Person};

async fn counted(house: &House, person: &Person) -> String {
    house.look(&format!("SELECT failed_login_attempts FROM identity.users WHERE id = '{}'", person.id)).await
}

#[tokio::test]
async fn wrong_passwords_at_once_are_each_counted_and_then_none_helps() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let tries = join_all((0..9).map(|_| house.sign_in(&person.email, "wrong horse", None))).await;
    assert!(tries.iter().all(|payload| House::code(payload) == "INVALID"));
    assert_eq!(counted(&house, &person).await, "9");
    house.token(&person).await;
    assert_eq!(counted(&house, &person).await, "0");

    let tries = join_all((0..14).map(|_| house.sign_in(&person.email, "wrong horse", None))).await;
    assert_eq!(tries.iter().filter(|payload| House::code(payload) == "INVALID").count(), 10);
    assert_eq!(tries.iter().filter(|payload| House::code(payload) == "ACCOUNT_LOCKED").count(), 4);
    assert_eq!(counted(&house, &person).await, "10");
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "ACCOUNT_LOCKED");
    let locked = format!(
        "SELECT count(*) FROM audit.audit_logs WHERE organization_id = '{}' AND action = 'user.locked'",
        person.organization
    );
    assert_eq!(house.look(&locked).await, "1");

    house.sql(&format!("UPDATE identity.users SET locked_until = now() WHERE id = '{}'", person.id)).await;
    assert_eq!(House::code(&house.sign_in(&person.email, "wrong horse", None).await), "INVALID");
    assert_eq!(counted(&house, &person).await, "1");
    house.token(&person).await;
}

#[tokio::test]
async fn the_answers_do_not_tell_who_has_an_account() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    for _ in 0..12 {
        let real = house.sign_in(&person.email, "wrong horse", None).await;
        let nobody = house.sign_in(&format!("nobody-{}", person.email), "wrong horse", None).await;
        assert_eq!(real, nobody);
    }
}

#[tokio::test]
async fn an_administrators_lock_has_no_end() {
    let house = House::open().await;
    let person = house.person(&[]).await;
    let token = house.token(&person).await;
    house.sql(&format!("UPDATE identity.users SET locked_at = now() WHERE id = '{}'", person.id)).await;
    assert_eq!(House::code(&house.sign_in(&person.email, PASSWORD, None).await), "ACCOUNT_LOCKED");
    assert_eq!(House::code(&house.sign_in(&person.email, "wrong horse", None).await), "INVALID");
    assert_eq!(house.opens(&token).await, Err("UNAUTHENTICATED".to_owned()));
}
