//! Gateways: for which proxies the doors of `/forward-auth` answer, and about which API.
//!
//! A gateway says in header fields what somebody wants of an API, and it is believed. So whoever is no gateway gets
//! no answer: not even their token is looked at, or anybody could try tokens here and ask what they may do.

use std::net::IpAddr;
use std::sync::Arc;

use jeton_api::Code;
use jeton_token::PrincipalName;

use super::{Authority, Error};
use crate::store::ApiRecord;

/// Why somebody counts as a gateway.
pub(crate) enum Gateway<'a> {
    /// The configuration names the network that it calls from.
    Trusted,
    /// It shows the credential of the API that it stands in front of.
    WithCredential(&'a str, Option<IpAddr>),
    /// Nothing says that it is one.
    Unknown,
}

impl Authority {
    /// The API of this name, for a gateway in front of it; anybody else is refused, whether or not there is such an
    /// API.
    pub(crate) async fn guarded_api(
        &self,
        name: &str,
        gateway: Gateway<'_>,
    ) -> Result<Arc<ApiRecord>, Error> {
        match gateway {
            Gateway::Trusted => {
                let name: PrincipalName = name.parse().map_err(|_| Error::Hidden)?;
                self.remembered_api_named(&name).await?.ok_or(Error::Hidden)
            }
            Gateway::WithCredential(text, client) => {
                let caller = self.authenticate(text, client).await.map_err(as_no_gateway)?;
                let api = self.calling_api(&caller).await.map_err(as_no_gateway)?;
                let is_this = name.parse().is_ok_and(|name: PrincipalName| name.as_str() == api.name);
                if is_this { Ok(api) } else { Err(no_gateway()) }
            }
            Gateway::Unknown => Err(no_gateway()),
        }
    }
}

/// What is wrong with a gateway's credential is nobody's business who came without one; that nothing can be known is.
fn as_no_gateway(error: Error) -> Error {
    match error {
        unavailable @ (Error::Unavailable | Error::KeysUnknown { .. }) => unavailable,
        _ => no_gateway(),
    }
}

fn no_gateway() -> Error {
    let detail = "this address answers gateways: name the network of yours with --trusted-proxy, or give it the API's \
                  credential";
    Error::denied(Code::NotHonouredHere, detail)
}
