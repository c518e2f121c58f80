//! Two processes at one database: each end is noted once, and each delivery is taken by one of them.

use std::collections::BTreeSet;

use super::{advance_days, all_settled, at_noon, configured, noted, of_days, telling};
use crate::support::Authority;
use crate::support::receiver::Receiver;

#[tokio::test]
async fn two_processes_note_and_tell_everything_once() {
    let Some(authority) = Authority::postgres().await else { return };
    let receiver = Receiver::start().await;
    let entry = receiver.entry("ops", "KEY", &["token.*"]);
    let first = telling(authority, &entry).await;
    let webhooks = configured(&entry).unwrap().webhooks;
    let second = first.beside(|settings| settings.webhooks = webhooks).await;
    at_noon(&first);
    at_noon(&second);
    let admin = first.admin().await;
    for number in 0..20 {
        of_days(if number % 2 == 0 { &first } else { &second }, &admin, &format!("t{number}"), 20).await;
    }
    receiver.wait_for(20).await;
    all_settled(&first).await;
    assert_eq!(receiver.told().len(), 20);
    advance_days(&first, 14);
    advance_days(&second, 14);
    let tokens: BTreeSet<_> = noted(&first, 20).await.into_iter().map(|(token, _)| token).collect();
    receiver.wait_for(40).await;
    all_settled(&first).await;
    assert_eq!((tokens.len(), noted(&first, 20).await.len()), (20, 20));
    let told: BTreeSet<_> = receiver.told().iter().map(|told| told.id().to_owned()).collect();
    assert_eq!((told.len(), receiver.told().len()), (40, 40));
}
