//! One step of a plan: what it does to what, and the request that does it.

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use crate::client::Client;
use crate::error::Result;
use crate::escape::safe;

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Action {
    Create,
    Change,
    Delete,
}

/// What kind of thing it is. The order is that in which things are made.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Organization,
    Project,
    Pipeline,
    Api,
    ServiceAccount,
    Group,
    Role,
    Policy,
    Binding,
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Project => "project",
            Self::Pipeline => "pipeline",
            Self::Api => "api",
            Self::ServiceAccount => "service account",
            Self::Group => "group",
            Self::Role => "role",
            Self::Policy => "policy",
            Self::Binding => "binding",
        }
    }
}

/// A thing by kind and name; case does not count.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(super) struct Thing(Kind, String);

impl Thing {
    pub(super) fn new(kind: Kind, name: &str) -> Self {
        Self(kind, name.to_lowercase())
    }
}

/// A field that comes to be otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Change {
    pub(super) field: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<Value>,
}

/// A request that changes something.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) path: Vec<String>,
    pub(super) body: Option<Value>,
}

impl Request {
    /// A request with a body.
    pub(super) fn new(method: Method, path: &[&str], body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_value(body).map_err(anyhow::Error::new)?;
        Ok(Self { method, path: owned(path), body: Some(body) })
    }

    /// A request that deletes.
    pub(super) fn delete(path: &[&str]) -> Self {
        Self { method: Method::DELETE, path: owned(path), body: None }
    }

    /// Sends it; what the server answers is of no further interest.
    pub(super) async fn send(&self, client: &Client) -> Result<()> {
        let path = self.path();
        match &self.body {
            Some(body) => client.send::<Value>(self.method.clone(), &path, body).await.map(drop),
            None => client.delete(&path).await,
        }
    }

    /// Asks the server whether it would take it.
    pub(super) async fn rehearse(&self, client: &Client) -> Result<()> {
        client.rehearse(self.method.clone(), &self.path(), self.body.as_ref()).await
    }

    fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|&step| step.to_owned()).collect()
}

/// How a step is tried.
#[derive(Clone, Debug)]
pub(super) enum Rehearsal {
    /// The request itself can be asked about.
    Itself,
    /// Another one, which needs the same right.
    Like(Request),
    /// It was, when the plan was made.
    Done,
}

/// One step of a plan.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Step {
    pub(super) action: Action,
    pub(super) kind: Kind,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) changes: Vec<Change>,
    /// What else happens by it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) notes: Vec<String>,
    pub(super) applied: bool,
    #[serde(skip)]
    pub(super) request: Request,
    #[serde(skip)]
    pub(super) rehearsal: Rehearsal,
    /// Where it stands in the file.
    #[serde(skip)]
    pub(super) pointer: Option<String>,
    /// It can be tried only if no other step is about one of these.
    #[serde(skip)]
    pub(super) needs: Vec<Thing>,
}

impl Step {
    /// A step that makes something.
    pub(super) fn create(kind: Kind, name: impl Into<String>, request: Request) -> Self {
        Self::new(Action::Create, kind, name.into(), request)
    }

    /// A step that changes something.
    pub(super) fn change(
        kind: Kind,
        name: impl Into<String>,
        changes: Vec<Change>,
        request: Request,
    ) -> Self {
        Self { changes, ..Self::new(Action::Change, kind, name.into(), request) }
    }

    /// A step that deletes something.
    pub(super) fn delete(kind: Kind, name: impl Into<String>, path: &[&str]) -> Self {
        Self::new(Action::Delete, kind, name.into(), Request::delete(path))
    }

    fn new(action: Action, kind: Kind, name: String, request: Request) -> Self {
        Self {
            action,
            kind,
            name,
            changes: vec![],
            notes: vec![],
            applied: false,
            request,
            rehearsal: Rehearsal::Itself,
            pointer: None,
            needs: vec![],
        }
    }

    /// Stands there in the file.
    pub(super) fn at(self, pointer: String) -> Self {
        Self { pointer: Some(pointer), ..self }
    }

    /// Can be tried only if no other step is about one of these.
    pub(super) fn needing(self, needs: impl IntoIterator<Item = Thing>) -> Self {
        Self { needs: needs.into_iter().collect(), ..self }
    }

    /// What it is about.
    pub(super) fn thing(&self) -> Thing {
        Thing::new(self.kind, &self.name)
    }

    /// For people, on one line.
    pub(super) fn line(&self) -> String {
        let sign = match self.action {
            Action::Create => '+',
            Action::Change => '~',
            Action::Delete => '-',
        };
        format!("{sign} {} {}", self.kind.words(), safe(&self.name))
    }
}

/// A change of one field, if it is one.
pub(super) fn changed<T: Serialize + PartialEq>(
    field: &str,
    before: Option<&T>,
    after: Option<&T>,
) -> Option<Change> {
    let value = |it: &T| serde_json::to_value(it).unwrap_or_default();
    (before != after).then(|| Change {
        field: field.to_owned(),
        before: before.map(value),
        after: after.map(value),
    })
}
