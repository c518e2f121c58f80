//! Which identities of another issuer a trust means: rules over the claims of its tokens.
//!
//! A rule is a claim and a pattern: an exact text, or one that ends in one whole part `*`. All rules must hold, and
//! at least one of them must say *who*: an issuer with many customers signs for all of them, so
//! `ref = refs/heads/main` alone would let in the main branch of everybody.
//!
//! Example: `repo:acme/*` covers `repo:acme/site:ref:refs/heads/main` and not `repo:acme-evil/site`, because the
//! part before the star ends where a name ends.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The most rules of one trust.
pub const MAX_CLAIM_RULES: usize = 16;

const MAX_NAME_BYTES: usize = 256;
const MAX_PATTERN_BYTES: usize = 512;
const SEPARATORS: [char; 3] = [':', '/', '|'];

/// Claims that name who is meant, for the issuers that many use: the whole text of each is enough to tell customers
/// apart. The name of a Kubernetes service account is not among them: whoever may make a namespace may use any name.
const SUBJECTS: [&str; 15] = [
    "sub",
    "client_id",
    "azp",
    "appid",
    "oid",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "project_path",
    "project_id",
    "namespace_path",
    "namespace_id",
    "/kubernetes.io/namespace",
    "/kubernetes.io/serviceaccount/uid",
];

/// Those of which the beginning says who as well, because it is the owner's name.
const PATHS: [&str; 3] = ["repository", "project_path", "namespace_path"];

/// How the subjects of some platforms begin, and how many parts of them it takes to get to somebody's name: what
/// comes before is the same for everybody there.
const SUBJECT_FORMS: [(&str, usize); 3] = [
    // system:serviceaccount:NAMESPACE:NAME (Kubernetes)
    ("system:", 3),
    // arn:PARTITION:SERVICE:REGION:ACCOUNT:…, mostly without a region (AWS)
    ("arn:", 4),
    // /eid1/c/CLOUD/t/TENANT/… (Azure)
    ("/eid1/", 5),
];
/// The first part of other subjects is often only a word for what follows, like `repo`, so there a second one is needed.
const SUBJECT_PARTS_MIN: usize = 2;

/// Claims that are judged otherwise, or say nothing about anybody.
const RESERVED: [&str; 8] = ["iss", "aud", "exp", "nbf", "iat", "jti", "nonce", "auth_time"];

/// Which claim a rule looks at: the name of a member, or a JSON pointer (RFC 6901) to a nested one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClaimName(String);

/// A text that names no claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a claim is named like `sub`, or by a JSON pointer like `/kubernetes.io/namespace`, in 1 to 256 visible ASCII characters"
)]
pub struct ClaimNameError;

impl ClaimName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names of the members that lead to the claim, outermost first.
    pub fn path(&self) -> Vec<String> {
        match self.0.strip_prefix('/') {
            None => vec![self.0.clone()],
            Some(pointer) => {
                pointer.split('/').map(|member| member.replace("~1", "/").replace("~0", "~")).collect()
            }
        }
    }

    /// Without the `/` of a pointer to a member that is not nested.
    fn plain(&self) -> &str {
        self.0.strip_prefix('/').filter(|rest| !rest.contains('/')).unwrap_or(&self.0)
    }

    fn is_reserved(&self) -> bool {
        self.path().first().is_some_and(|member| RESERVED.contains(&member.as_str()))
    }
}

impl FromStr for ClaimName {
    type Err = ClaimNameError;

    fn from_str(text: &str) -> Result<Self, ClaimNameError> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        let members = text.strip_prefix('/').is_none_or(|pointer| pointer.split('/').all(is_member));
        if (1..=MAX_NAME_BYTES).contains(&text.len()) && visible && members {
            Ok(Self(text.to_owned()))
        } else {
            Err(ClaimNameError)
        }
    }
}

impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A member of a pointer: not empty, and `~` only as `~0` or `~1`.
fn is_member(text: &str) -> bool {
    let mut after = text.split('~');
    after.next();
    !text.is_empty() && after.all(|rest| rest.starts_with(['0', '1']))
}

/// What the text of a claim must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPattern(String);

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimPatternError {
    /// Empty, too long, or with control characters.
    #[error("a pattern has 1 to 512 bytes and no control characters")]
    Text,
    /// The bare star.
    #[error("`*` alone would mean everybody; leave the rule out, or say what the claim begins with")]
    Everybody,
    /// A star anywhere but as the whole last part.
    #[error("`*` may only be the whole last part, behind `:`, `/` or `|`, as in `repo:acme/*`")]
    Star,
}

impl ClaimPattern {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the claim's text is the one, or one of those, that the pattern means.
    pub fn covers(&self, text: &str) -> bool {
        match self.stem() {
            Some(stem) => text.len() > stem.len() && text.starts_with(stem),
            None => self.0 == text,
        }
    }

    fn stem(&self) -> Option<&str> {
        self.0.strip_suffix('*')
    }

    /// How many parts are said before the star; `None` if there is no star.
    fn parts(&self) -> Option<usize> {
        self.stem().map(|stem| stem.split(SEPARATORS).filter(|part| !part.is_empty()).count())
    }
}

impl FromStr for ClaimPattern {
    type Err = ClaimPatternError;

    fn from_str(text: &str) -> Result<Self, ClaimPatternError> {
        if text == "*" {
            return Err(ClaimPatternError::Everybody);
        }
        if text.is_empty() || text.len() > MAX_PATTERN_BYTES || text.chars().any(char::is_control) {
            return Err(ClaimPatternError::Text);
        }
        let stem = text.strip_suffix('*').unwrap_or(text);
        let ends_a_part = stem.len() == text.len() || stem.ends_with(SEPARATORS);
        if stem.contains('*') || !ends_a_part {
            return Err(ClaimPatternError::Star);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ClaimPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All that a trust asks of an identity.
///
/// INVARIANT: no claim stands there twice; and rules of which none says who hold for nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRules(Vec<(ClaimName, ClaimPattern)>);

/// Why rules do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimRulesError {
    /// More than the limit.
    #[error("at most {MAX_CLAIM_RULES} rules")]
    TooMany,
    /// One claim, two rules.
    #[error("there are two rules for `{0}`; one must do")]
    Twice(ClaimName),
    /// A claim that has a setting of its own, or none.
    #[error("`{0}` is judged by itself; rules are about who it is")]
    Reserved(ClaimName),
    /// Nothing tells who.
    #[error(
        "no rule says who is meant: pin `sub`, or another claim that names the workload's owner, and as much of it \
         as is somebody's name; only `sub` and paths may end in a star"
    )]
    Nobody,
}

impl ClaimRules {
    /// The rules, in this order.
    pub fn new(rules: Vec<(ClaimName, ClaimPattern)>) -> Result<Self, ClaimRulesError> {
        if rules.len() > MAX_CLAIM_RULES {
            return Err(ClaimRulesError::TooMany);
        }
        let mut seen = BTreeSet::new();
        for (name, _) in &rules {
            if name.is_reserved() {
                return Err(ClaimRulesError::Reserved(name.clone()));
            }
            if !seen.insert(name.path()) {
                return Err(ClaimRulesError::Twice(name.clone()));
            }
        }
        if rules.iter().any(says_who) { Ok(Self(rules)) } else { Err(ClaimRulesError::Nobody) }
    }

    /// Rules as they were kept. Those that are not taken any more hold for nobody, and can still be shown.
    pub fn kept(rules: Vec<(ClaimName, ClaimPattern)>) -> Self {
        Self(rules)
    }

    /// The rules.
    pub fn rules(&self) -> &[(ClaimName, ClaimPattern)] {
        &self.0
    }

    /// Whether all rules hold for an identity whose claims are these. A claim that is absent fits no pattern.
    pub fn hold(&self, claim: impl Fn(&ClaimName) -> Option<String>) -> bool {
        self.0.iter().any(says_who)
            && self.0.iter().all(|(name, pattern)| claim(name).is_some_and(|text| pattern.covers(&text)))
    }
}

/// Whether one rule alone tells one customer of an issuer from the others. A star may stand only where what comes
/// before it already is somebody's name: behind `https:` or in an id there is nobody in particular.
fn says_who((name, pattern): &(ClaimName, ClaimPattern)) -> bool {
    let name = name.plain();
    match pattern.parts() {
        None => SUBJECTS.contains(&name),
        Some(parts) if name == "sub" => parts >= subject_parts_min(pattern),
        Some(parts) => PATHS.contains(&name) && parts >= 1 && !pattern.as_str().contains(':'),
    }
}

fn subject_parts_min(pattern: &ClaimPattern) -> usize {
    let form = SUBJECT_FORMS.iter().find(|(begin, _)| pattern.as_str().starts_with(begin));
    form.map_or(SUBJECT_PARTS_MIN, |(_, parts)| *parts)
}
