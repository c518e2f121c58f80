//! What is said about one route: what it takes, what it answers, how it refuses. The tables beside this file are made
//! of these.

use jeton_api::Code;
use utoipa::ToSchema;

use super::super::problem::{self, Problem};
use super::schema::Kind;
use crate::authority::{Denial, Error};

/// Routes about one thing.
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) operations: Vec<Operation>,
}

/// What is said about one route. Whatever follows from its method, path and action is not repeated here.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) about: Option<&'static str>,
    pub(super) query: Option<Kind>,
    pub(super) header: Option<(&'static str, &'static str)>,
    pub(super) body: Option<Content>,
    pub(super) answers: Vec<Answer>,
    pub(super) refusals: Vec<(u16, Code)>,
}

/// What goes over the wire, and as what.
pub(super) struct Content {
    pub(super) media: &'static str,
    pub(super) kind: Kind,
}

/// How a call can end well, or in the way of OAuth.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) about: &'static str,
    pub(super) content: Option<Content>,
}

/// The media type of everything but forms, texts and pages.
pub(super) const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

macro_rules! methods {
    ($($function:ident = $method:literal;)*) => {
        $(
            #[doc = concat!("A route with the method ", $method, ".")]
            pub(super) fn $function(path: &'static str, summary: &'static str) -> Operation {
                Operation::new($method, path, summary)
            }
        )*
    };
}

methods! {
    get = "GET";
    post = "POST";
    put = "PUT";
    patch = "PATCH";
    delete = "DELETE";
    any = "ANY";
}

impl Operation {
    fn new(method: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            summary,
            about: None,
            query: None,
            header: None,
            body: None,
            answers: vec![],
            refusals: vec![],
        }
    }

    /// Whether some answer of it has a secret.
    pub(super) fn yields_secret(&self) -> bool {
        let contents = self.answers.iter().filter_map(|answer| answer.content.as_ref());
        contents.into_iter().any(|content| {
            content.kind.is::<jeton_api::Issued>() || content.kind.is::<jeton_api::StartedJob>()
        })
    }

    /// More than a line about it.
    pub(super) fn about(self, about: &'static str) -> Self {
        Self { about: Some(about), ..self }
    }

    /// Its query parameters are the fields of this type.
    pub(super) fn query<T: ToSchema>(self) -> Self {
        Self { query: Some(Kind::of::<T>()), ..self }
    }

    /// It looks at a header field.
    pub(super) fn header(self, name: &'static str, about: &'static str) -> Self {
        Self { header: Some((name, about)), ..self }
    }

    /// Its body is JSON of this type.
    pub(super) fn takes<T: ToSchema>(self) -> Self {
        Self { body: Some(Content { media: JSON, kind: Kind::of::<T>() }), ..self }
    }

    /// Its body is a form whose fields are those of this type.
    pub(super) fn takes_form<T: ToSchema>(self) -> Self {
        Self { body: Some(Content { media: FORM, kind: Kind::of::<T>() }), ..self }
    }

    /// 200 with JSON of this type.
    pub(super) fn gives<T: ToSchema>(self, about: &'static str) -> Self {
        self.answers(problem::OK, about, Some(Content { media: JSON, kind: Kind::of::<T>() }))
    }

    /// 200 with a page of a list.
    pub(super) fn lists<T: ToSchema>(self, about: &'static str) -> Self {
        self.answers(problem::OK, about, Some(Content { media: JSON, kind: Kind::list_of::<T>() }))
    }

    /// 200 with a text.
    pub(super) fn says(self, media: &'static str, about: &'static str) -> Self {
        self.answers(problem::OK, about, Some(Content { media, kind: Kind::of::<String>() }))
    }

    /// 200 and no more.
    pub(super) fn accepts(self, about: &'static str) -> Self {
        self.answers(problem::OK, about, None)
    }

    /// 304 to a client that has the answer.
    pub(super) fn may_be_known(self) -> Self {
        let known = "The client has the present text already.";
        self.header("If-None-Match", "The `ETag` of an answer that the client has.").answers(
            problem::NOT_MODIFIED,
            known,
            None,
        )
    }

    /// 201 with JSON of this type.
    pub(super) fn makes<T: ToSchema>(self, about: &'static str) -> Self {
        self.answers(problem::CREATED, about, Some(Content { media: JSON, kind: Kind::of::<T>() }))
    }

    /// 204.
    pub(super) fn done(self, about: &'static str) -> Self {
        self.answers(problem::NO_CONTENT, about, None)
    }

    /// 400 in the form of OAuth 2.0.
    pub(super) fn refuses_as_oauth<T: ToSchema>(self, about: &'static str) -> Self {
        let status = problem::OAUTH_ERROR;
        self.answers(status, about, Some(Content { media: JSON, kind: Kind::of::<T>() }))
    }

    /// 422 with these codes.
    pub(super) fn invalid(self, codes: &[Code]) -> Self {
        self.refuses(codes, |_| Error::Invalid(vec![]))
    }

    /// 403 with these codes.
    pub(super) fn denied(self, codes: &[Code]) -> Self {
        self.refuses(codes, |code| {
            Error::Denied(Denial { code, missing_scope: None, detail: String::new(), remedies: vec![] })
        })
    }

    /// 409 with these codes.
    pub(super) fn conflicts(self, codes: &[Code]) -> Self {
        self.refuses(codes, |code| Error::Conflict(code, String::new()))
    }

    /// 429 with these codes.
    pub(super) fn limited(self, codes: &[Code]) -> Self {
        self.refuses(codes, Error::LimitReached)
    }

    /// 401 with these codes.
    pub(super) fn unauthenticated(self, codes: &[Code]) -> Self {
        self.refuses(codes, Error::Unauthenticated)
    }

    /// 404.
    pub(super) fn hides(self) -> Self {
        self.refuses(&[Code::NotFound], |_| Error::Hidden)
    }

    fn refuses(mut self, codes: &[Code], error: impl Fn(Code) -> Error) -> Self {
        let status = |code: Code| Problem::from(error(code)).number();
        self.refusals.extend(codes.iter().map(|code| (status(*code), *code)));
        self
    }

    fn answers(mut self, status: u16, about: &'static str, content: Option<Content>) -> Self {
        self.answers.push(Answer { status, about, content });
        self
    }
}
