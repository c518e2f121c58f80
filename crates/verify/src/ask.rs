//! The question.

use std::fmt;
use std::net::IpAddr;

use jeton_api::{Secret, VerifyRequest};
use jeton_token::Scope;

/// A token, and what its bearer wants to do with it.
///
/// ```
/// # use jeton_verify::Ask;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scope = "Taskurai.Task.Read".parse()?;
/// let ask = Ask::about("the text that the client presented").scope(&scope).resource("default/web");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    token: &'a str,
    scope: Option<&'a Scope>,
    resource: Option<&'a str>,
    client_ip: Option<IpAddr>,
}

impl<'a> Ask<'a> {
    /// Is anything effective at all for this token, everywhere that the API serves?
    pub fn about(token: &'a str) -> Self {
        Self { token, scope: None, resource: None, client_ip: None }
    }

    /// Asks for the scope that the call needs. It must be one of the API's own.
    #[must_use]
    pub fn scope(self, scope: &'a Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// Says where the call acts, `organization/project`. A token that is limited to places is denied without it.
    #[must_use]
    pub fn resource(self, resource: &'a str) -> Self {
        Self { resource: Some(resource), ..self }
    }

    /// Says where the call comes from. A token that is limited to networks is denied without it.
    #[must_use]
    pub fn client_ip(self, address: IpAddr) -> Self {
        Self { client_ip: Some(address), ..self }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.token
    }

    pub(crate) fn demanded_scope(&self) -> Option<&'a Scope> {
        self.scope
    }

    pub(crate) fn place(&self) -> Option<&'a str> {
        self.resource
    }

    pub(crate) fn client(&self) -> Option<IpAddr> {
        self.client_ip
    }

    pub(crate) fn request(&self) -> VerifyRequest {
        VerifyRequest {
            token: Secret::new(self.token),
            scope: self.scope.map(Scope::to_string),
            resource: self.resource.map(str::to_owned),
            client_ip: self.client_ip.map(|address| address.to_string()),
            keep: false,
        }
    }
}

impl fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Ask");
        shown
            .field("scope", &self.scope)
            .field("resource", &self.resource)
            .field("client_ip", &self.client_ip);
        shown.finish_non_exhaustive()
    }
}
