//! Rules that are left off and gone on with, on a server of a few tokens and with bounds of a few.

use std::collections::BTreeSet;

use jeton_token::{NetworkLimit, PlaceLimit, TokenKind};

use super::*;
use crate::authority::{CreateRequest, End, Mode};
use crate::{Clock, Options, Rng, Server, Settings};

const FEW: Most = Most { revoked: 3, time: Duration::from_mins(10) };

struct Stage {
    authority: Authority,
    admin: Caller,
    organization: OrganizationId,
    _folder: tempfile::TempDir,
}

async fn stage() -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().join("data"));
    let listen = Some(([127, 0, 0, 1], 0).into());
    let settings = Settings::resolve(Options { data, listen, ..Options::default() }).unwrap();
    let server = Server::start_in_test(&settings, Clock::system(), Rng::system()).await.unwrap();
    let authority = server.authority();
    let password = std::fs::read_to_string(settings.data.join("initial-admin-password")).unwrap();
    let session = authority.sign_in("admin", password.trim(), None.into()).await.unwrap();
    let admin = authority.authenticate(session.secret.expose(), None).await.unwrap();
    let name = "acme".parse().unwrap();
    authority.put_organization(&admin, &name, Mode::Commit).await.unwrap();
    let organization = authority.store.organization(&name).await.unwrap().unwrap().id;
    Stage { authority, admin, organization, _folder: folder }
}

impl Stage {
    async fn make(&self, count: usize, scope: &str) -> Vec<TokenId> {
        let mut made = Vec::new();
        for _ in 0..count {
            let request = CreateRequest {
                kind: TokenKind::Personal,
                name: None,
                description: None,
                owner: None,
                patterns: ScopeSet::new([scope.parse().unwrap()]).unwrap(),
                places: PlaceLimit::Everywhere,
                networks: NetworkLimit::Anywhere,
                end: End::Default,
            };
            made.push(self.authority.create_token(&self.admin, request).await.unwrap().token.id);
        }
        made
    }

    fn rule(&self, scopes: &[&str]) -> RevocationRule {
        let patterns = ScopeSet::new(scopes.iter().map(|scope| scope.parse().unwrap())).unwrap();
        RevocationRule { patterns, before: Some(self.authority.now().plus_ms(60_000)) }
    }

    async fn send(&self, rule: &RevocationRule, most: Most) -> Result<u64, Error> {
        self.authority.revoke_at_most(&self.admin, self.organization, rule, most).await
    }

    async fn alive(&self, of: &[TokenId]) -> usize {
        let mut alive = 0;
        for id in of {
            let found = self.authority.store.token(*id).await.unwrap().unwrap();
            alive += usize::from(found.token.revoked_at.is_none());
        }
        alive
    }
}

#[tokio::test]
async fn a_rule_that_is_left_off_goes_on_where_it_was() {
    let stage = stage().await;
    let named = stage.make(8, "vso.build").await;
    let others = stage.make(2, "vso.code").await;
    let rule = stage.rule(&["vso.build", "vso.wiki"]);
    for left in [5, 2] {
        assert!(matches!(stage.send(&rule, FEW).await, Err(Error::Conflict(Code::LimitReached, _))));
        assert_eq!(stage.alive(&named).await, left);
    }
    let newer = stage.make(1, "vso.build_execute").await;
    assert_eq!(stage.send(&rule, FEW).await.unwrap(), 3);
    assert_eq!((stage.alive(&named).await, stage.alive(&newer).await), (0, 0));
    assert_eq!(stage.alive(&others).await, 2);
    assert_eq!(stage.send(&rule, FEW).await.unwrap(), 0);
}

#[tokio::test]
async fn a_pass_without_time_ends_nothing_and_comes_to_an_end_later() {
    let stage = stage().await;
    let named = stage.make(4, "vso.build").await;
    let rule = stage.rule(&["vso.build"]);
    let none = Most { revoked: 9, time: Duration::ZERO };
    assert!(stage.send(&rule, none).await.is_err());
    assert_eq!(stage.alive(&named).await, 4);
    assert_eq!(stage.send(&rule, Most { revoked: 9, ..FEW }).await.unwrap(), 4);
}

#[tokio::test]
async fn nobody_goes_on_with_another_rule() {
    let stage = stage().await;
    let (builds, codes) = (stage.make(4, "vso.build").await, stage.make(4, "vso.code").await);
    assert!(stage.send(&stage.rule(&["vso.build"]), FEW).await.is_err());
    assert_eq!(stage.send(&stage.rule(&["vso.code"]), Most { revoked: 9, ..FEW }).await.unwrap(), 4);
    assert_eq!((stage.alive(&builds).await, stage.alive(&codes).await), (1, 0));
}

/// Every token is looked at, whatever is made between passes and wherever they are left off.
#[test]
fn passes_together_see_every_number() {
    for (bound, made) in [(1, 0), (3, 1), (2, 5), (4, 4), (7, 2)] {
        let (mut top, mut seen, mut earlier) = (20_i64, BTreeSet::new(), None);
        for _ in 0..200 {
            let mut pass = Pass::from(earlier);
            let (mut number, mut left) = (top, bound);
            while number > 0 && left > 0 {
                if let Some(oldest) = pass.jump(number) {
                    number = oldest - 1;
                    continue;
                }
                seen.insert(number);
                pass.see(number);
                (number, left) = (number - 1, left - 1);
            }
            earlier = pass.left_off();
            if number == 0 {
                break;
            }
            top += if made < bound { made } else { 0 };
        }
        assert_eq!(seen.len(), usize::try_from(top).unwrap(), "{bound} at once, {made} made between");
    }
}

#[test]
fn what_is_left_off_is_bounded_and_ends() {
    let all = RulesLeftOff::default();
    let patterns = ScopeSet::everything();
    let id = |at: i64| RevocationRule { patterns: patterns.clone(), before: Some(Timestamp(at)) };
    let token: TokenId = "0322SbK0NtTF7VZN1qNtdr".parse().unwrap();
    let sent = |at: i64| Sent { by: token, organization: OrganizationId(token.0), rule: id(at) };
    let mut pass = Pass::default();
    pass.see(9);
    let count = i64::try_from(RULES_LEFT_OFF_MAX).unwrap();
    for at in 0..=count {
        all.note(sent(at), &pass, Timestamp(0));
    }
    assert_eq!(all.of(&sent(0), Timestamp(0)), None, "the oldest went");
    assert_eq!(all.of(&sent(1), Timestamp(RULE_MS_KEPT - 1)), pass.left_off());
    assert_eq!(all.of(&sent(1), Timestamp(RULE_MS_KEPT)), None);
    all.forget(&sent(count));
    assert_eq!(all.of(&sent(count), Timestamp(0)), None);
}
