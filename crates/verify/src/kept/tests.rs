//! The rule of keeping, in every order in which questions, changes and denials can meet.

use std::net::IpAddr;
use std::sync::Arc;

use jeton_token::{
    Id, IdKey, Prefix, PrincipalId, PrincipalKind, TokenId, TokenKind, TokenSecret, TokenText,
};

use super::{Keeping, Kept, Name, Question};
use crate::ask::Ask;
use crate::caller::{Caller, Subject};
use crate::clock::Moment;
use crate::limits::{CHANGES_MAX, DEMANDS_OF_TOKEN_MAX};

const NAMES: [Name; 2] = [11, 12];

fn id(number: u64) -> Id {
    IdKey::new(&[7; 32]).mint(1_760_000_000_000 + number, number)
}

/// A token; another secret makes another text of it.
pub(crate) fn text(number: u64, secret: u8) -> TokenText {
    let secret = TokenSecret::from_uniform(&[secret; 64]);
    TokenText::new(Prefix::default(), TokenKind::Personal, TokenId(id(number)), &secret)
}

/// Somebody whose token is called so.
pub(crate) fn caller(token: &TokenText, name: &str) -> Caller {
    Caller {
        subject: Subject { kind: PrincipalKind::User, id: PrincipalId(id(1)), name: "alice".into() },
        token_id: token.id(),
        token_kind: token.kind(),
        token_name: name.into(),
        scopes: Arc::default(),
        expires_at: None,
    }
}

pub(crate) fn good_for_ever(names: &[Name]) -> Keeping {
    let (names, until) = (names.into(), Moment(u64::MAX));
    Keeping { names, until, any_client: true, receipt: "proof".to_owned() }
}

/// How a client keeps what it was told: as it does, or wrongly in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    AsItIs,
    /// Every answer is kept, whatever happened meanwhile.
    UnconditionalFill,
    /// A verdict does not say what it was made from.
    Nameless,
    /// A denial changes nothing.
    DenialForgotten,
    /// Only what is there when a denial comes is removed, and not what is on its way.
    DenialOfWhatIsThere,
}

/// Somebody who takes three steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Actor {
    /// Asks, is judged there, and keeps the answer.
    Asker,
    /// Changes something there, lets the watch tell of it, and is told that it is done. There is one on each stage.
    Writer,
    /// Asks, is judged there, and is denied if anything was changed by then.
    Denied,
}

const STEPS: usize = 3;

/// One order of all steps, as far as it went.
struct World<'a> {
    rule: Rule,
    kept: &'a Kept,
    token: TokenText,
    /// How often something was changed at the authority.
    changed: u32,
    /// From before this change nothing may be answered any more.
    known: u32,
    open: Vec<Option<Question<'a>>>,
    read: Vec<u32>,
}

impl World<'_> {
    fn step(&mut self, at: usize, actor: Actor, step: usize) {
        match (actor, step) {
            (Actor::Asker | Actor::Denied, 0) => self.open[at] = self.kept.begin(self.token.id()),
            (Actor::Asker | Actor::Denied, 1) => self.read[at] = self.changed,
            (Actor::Asker, _) => self.keep(at),
            (Actor::Denied, _) => self.deny(at),
            (Actor::Writer, 0) => self.changed += 1,
            (Actor::Writer, 1) => self.kept.apply(&NAMES[..1]),
            (Actor::Writer, _) => self.known = self.changed,
        }
    }

    fn keep(&mut self, at: usize) {
        let mut question = self.open[at].take().unwrap();
        if self.rule == Rule::UnconditionalFill {
            question = self.kept.begin(self.token.id()).unwrap();
        }
        let names = if self.rule == Rule::Nameless { &[][..] } else { &NAMES[..] };
        let caller = caller(&self.token, &self.read[at].to_string());
        question.keep(&self.token, &Ask::about(self.token.expose()), &caller, good_for_ever(names));
    }

    fn deny(&mut self, at: usize) {
        let question = self.open[at].take().unwrap();
        if self.read[at] == 0 {
            return;
        }
        self.known = self.known.max(self.read[at]);
        match self.rule {
            Rule::DenialForgotten => drop(question),
            Rule::DenialOfWhatIsThere => {
                drop(question);
                let mut state = self.kept.state.write().unwrap();
                state.young.clear();
                state.old.clear();
            }
            _ => question.deny(),
        }
    }

    fn answer(&self) -> Option<u32> {
        let found = self.kept.find(&self.token, &Ask::about(self.token.expose()))?;
        Some(found.caller().token_name.parse().unwrap())
    }
}

/// Runs one order of steps; each number says whose turn it is. Answers what is wrong.
fn run(rule: Rule, actors: &[Actor], order: &[usize]) -> Result<(), String> {
    let kept = Kept::new(&[1; 32], 8);
    let open = actors.iter().map(|_| None).collect();
    let token = text(1, 1);
    let read = vec![0; actors.len()];
    let mut world = World { rule, kept: &kept, token, changed: 0, known: 0, open, read };
    let mut steps = vec![0; actors.len()];
    for (so_far, at) in order.iter().enumerate() {
        world.step(*at, actors[*at], steps[*at]);
        steps[*at] += 1;
        let (told, known) = (world.answer(), world.known);
        if let Some(told) = told.filter(|told| *told < known) {
            return Err(format!("{:?}: {told} is answered, and {known} is known", &order[..=so_far]));
        }
    }
    // Whoever comes now is kept: the rule is not merely to keep nothing.
    (0..STEPS).for_each(|step| world.step(0, Actor::Asker, step));
    if world.answer() == Some(world.changed) { Ok(()) } else { Err(format!("{order:?}: nothing is kept")) }
}

/// Runs every order in which the actors can take their steps. Answers how many there are, or the first that is wrong.
fn run_all(rule: Rule, actors: &[Actor]) -> Result<usize, String> {
    fn go(
        rule: Rule,
        actors: &[Actor],
        left: &mut Vec<usize>,
        order: &mut Vec<usize>,
    ) -> Result<usize, String> {
        if left.iter().all(|left| *left == 0) {
            return run(rule, actors, order).map(|()| 1);
        }
        let mut orders = 0;
        for at in 0..actors.len() {
            if left[at] > 0 {
                left[at] -= 1;
                order.push(at);
                orders += go(rule, actors, left, order)?;
                order.pop();
                left[at] += 1;
            }
        }
        Ok(orders)
    }
    go(rule, actors, &mut vec![STEPS; actors.len()], &mut Vec::new())
}

const STAGES: [&[Actor]; 5] = [
    &[Actor::Asker, Actor::Writer],
    &[Actor::Asker, Actor::Asker, Actor::Writer],
    &[Actor::Asker, Actor::Denied, Actor::Writer],
    &[Actor::Denied, Actor::Asker, Actor::Asker],
    &[Actor::Denied, Actor::Denied, Actor::Writer],
];

#[test]
fn attack_31_nothing_from_before_a_change_is_answered_after_it_in_any_order_of_steps() {
    let orders = STAGES.map(|actors| run_all(Rule::AsItIs, actors).unwrap());
    assert_eq!(orders, [20, 1680, 1680, 1680, 1680]);
}

#[test]
fn every_wrong_rule_is_caught() {
    for rule in [Rule::UnconditionalFill, Rule::Nameless, Rule::DenialForgotten, Rule::DenialOfWhatIsThere] {
        let caught = STAGES.iter().any(|actors| run_all(rule, actors).is_err());
        assert!(caught, "{rule:?} is as good as the right one");
    }
}

fn keep(kept: &Kept, token: &TokenText, ask: &Ask<'_>, keeping: Keeping) {
    kept.begin(token.id()).unwrap().keep(token, ask, &caller(token, "x"), keeping);
}

#[test]
fn a_verdict_is_for_one_text_and_one_demand() {
    let kept = Kept::new(&[1; 32], 1000);
    let (read, update) = ("T.Read".parse().unwrap(), "T.Update".parse().unwrap());
    let (token, other_secret, other) = (text(1, 1), text(1, 2), text(2, 1));
    let about = || Ask::about(token.expose());
    keep(&kept, &token, &about().scope(&read).resource("a/b"), good_for_ever(&NAMES));
    assert!(kept.find(&token, &about().scope(&read).resource("a/b")).is_some());
    for ask in [
        about(),
        about().scope(&read),
        about().resource("a/b"),
        about().scope(&update).resource("a/b"),
        about().scope(&read).resource("a/c"),
        about().scope(&read).resource(""),
    ] {
        assert!(kept.find(&token, &ask).is_none(), "{ask:?}");
    }
    for text in [&other_secret, &other] {
        let ask = Ask::about(text.expose()).scope(&read).resource("a/b");
        assert!(kept.find(text, &ask).is_none());
    }
}

#[test]
fn where_the_call_comes_from_counts_where_it_mattered() {
    let kept = Kept::new(&[1; 32], 1000);
    let [here, there]: [IpAddr; 2] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
    let (anywhere, limited) = (text(1, 1), text(2, 1));
    keep(&kept, &anywhere, &Ask::about(anywhere.expose()).client_ip(here), good_for_ever(&NAMES));
    let only_here = Keeping { any_client: false, ..good_for_ever(&NAMES) };
    keep(&kept, &limited, &Ask::about(limited.expose()).client_ip(here), only_here);
    let found = |token: &TokenText, client: Option<IpAddr>| {
        let ask = Ask::about(token.expose());
        kept.find(token, &client.map_or(ask, |client| ask.client_ip(client))).is_some()
    };
    assert!(found(&anywhere, Some(here)) && found(&anywhere, Some(there)) && found(&anywhere, None));
    assert!(found(&limited, Some(here)) && !found(&limited, Some(there)) && !found(&limited, None));
}

#[test]
fn a_change_ends_what_names_it_and_nothing_else() {
    let kept = Kept::new(&[1; 32], 1000);
    let (one, other) = (text(1, 1), text(2, 1));
    let found = |token: &TokenText| kept.find(token, &Ask::about(token.expose())).is_some();
    let keep_both = || {
        keep(&kept, &one, &Ask::about(one.expose()), good_for_ever(&[1, 2]));
        keep(&kept, &other, &Ask::about(other.expose()), good_for_ever(&[2, 3]));
    };
    for (changed, left) in [(vec![1], (false, true)), (vec![3, 4], (true, false)), (vec![2], (false, false))]
    {
        keep_both();
        kept.apply(&changed);
        assert_eq!((found(&one), found(&other)), left, "{changed:?}");
    }
    keep_both();
    kept.forget();
    assert_eq!((found(&one), found(&other), kept.len()), (false, false, 0));
    keep_both();
    kept.begin(one.id()).unwrap().deny();
    assert_eq!((found(&one), found(&other)), (false, true));
    // More changes than are remembered end everything.
    keep_both();
    for n in 10.. {
        kept.apply(&[n]);
        if !found(&other) {
            assert!(usize::try_from(n).unwrap() <= CHANGES_MAX + 10);
            break;
        }
    }
}

#[test]
fn what_is_kept_is_bounded_and_what_is_asked_for_stays() {
    let kept = Kept::new(&[1; 32], 8);
    let first = text(0, 1);
    keep(&kept, &first, &Ask::about(first.expose()), good_for_ever(&NAMES));
    for n in 1..100 {
        let token = text(n, 1);
        keep(&kept, &token, &Ask::about(token.expose()), good_for_ever(&NAMES));
        assert!(kept.len() <= 8, "{} verdicts", kept.len());
        assert!(kept.find(&first, &Ask::about(first.expose())).is_some(), "{n}");
    }
    let kept = Kept::new(&[1; 32], 1000);
    for n in 0..200 {
        let place = format!("a/p{n}");
        keep(&kept, &first, &Ask::about(first.expose()).resource(&place), good_for_ever(&NAMES));
        assert!(kept.len() <= DEMANDS_OF_TOKEN_MAX);
        assert!(kept.find(&first, &Ask::about(first.expose()).resource(&place)).is_some());
    }
}

#[test]
fn uses_are_told_once_with_how_often_and_from_where() {
    let kept = Kept::new(&[1; 32], 1000);
    let read = "T.Read".parse().unwrap();
    let token = text(1, 1);
    let ask = Ask::about(token.expose()).scope(&read).resource("a/b");
    keep(&kept, &token, &ask, good_for_ever(&NAMES));
    let verdict = kept.find(&token, &ask).unwrap();
    assert_eq!(kept.take_uses(10), []);
    for client in ["10.0.0.1", "10.0.0.2"] {
        kept.count(&verdict, Some(client.parse().unwrap()));
    }
    let told = kept.take_uses(10);
    let [one] = &told[..] else { panic!("{told:?}") };
    assert_eq!(
        (one.token_id.as_str(), one.count, one.receipt.as_str()),
        (&*token.id().to_string(), 2, "proof")
    );
    assert_eq!((one.scope.as_deref(), one.resource.as_deref()), (Some("T.Read"), Some("a/b")));
    assert_eq!(one.client_ip.as_deref(), Some("10.0.0.2"));
    assert_eq!(kept.take_uses(10), []);
    kept.count(&verdict, None);
    assert_eq!(kept.take_uses(0), []);
    assert_eq!(kept.take_uses(1)[0].count, 1);
}
