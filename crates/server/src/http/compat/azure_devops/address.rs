//! Addresses as clients of this wire write them: in any case, and with a slash more here and there.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::Request;
use axum::http::uri::PathAndQuery;

use super::super::super::{RouteEntry, routes_of_azure_devops};
use super::BASE;

/// A request on this wire as the route table spells its address; any other request as it is.
pub(in crate::http) fn canonical(mut request: Request<Body>) -> Request<Body> {
    let Some(rest) = request.uri().path().strip_prefix(BASE).filter(|rest| rest.starts_with('/')) else {
        return request;
    };
    let mut path = spelled(rest);
    if let Some(query) = request.uri().query() {
        path = format!("{path}?{query}");
    }
    let mut parts = request.uri().clone().into_parts();
    if let Ok(path) = PathAndQuery::try_from(path) {
        parts.path_and_query = Some(path);
    }
    if let Ok(uri) = parts.try_into() {
        *request.uri_mut() = uri;
    }
    request
}

/// The fixed words of the address that is meant in their own spelling, and everything else as it came, without empty
/// segments.
fn spelled(rest: &str) -> String {
    let segments: Vec<_> = rest.split('/').filter(|segment| !segment.is_empty()).collect();
    let fitting = TEMPLATES.iter().filter(|template| fits(template, &segments));
    let Some(template) = fitting.max_by_key(|template| template.iter().filter(|word| is_fixed(word)).count())
    else {
        return format!("{BASE}/{}", segments.join("/"));
    };
    let spelled = template.iter().zip(&segments).map(|(word, own)| if is_fixed(word) { word } else { own });
    format!("{BASE}/{}", spelled.copied().collect::<Vec<_>>().join("/"))
}

fn fits(template: &[&str], segments: &[&str]) -> bool {
    let alike = |(word, own): (&&str, &&str)| !is_fixed(word) || word.eq_ignore_ascii_case(own);
    template.len() == segments.len() && template.iter().zip(segments).all(alike)
}

fn is_fixed(word: &str) -> bool {
    !word.starts_with('{')
}

/// The addresses of this wire, in segments behind its beginning.
static TEMPLATES: LazyLock<Vec<Vec<&'static str>>> = LazyLock::new(|| {
    let behind =
        |route: RouteEntry| route.path.strip_prefix(BASE).map(|rest| rest.split('/').skip(1).collect());
    routes_of_azure_devops().into_iter().filter_map(behind).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rest: &str, expected: &str) {
        assert_eq!(spelled(rest), format!("{BASE}{expected}"), "{rest}");
    }

    #[test]
    fn an_address_has_one_spelling() {
        check("/acme/_apis", "/acme/_apis");
        check("//Acme//_APIS/", "/Acme/_apis");
        check("/acme/_apis/resourceareas", "/acme/_apis/ResourceAreas");
        check("/acme/_apis/CONNECTIONDATA", "/acme/_apis/connectionData");
        check("/acme/Web%20Shop/_apis/Pipelines/7", "/acme/Web%20Shop/_apis/pipelines/7");
        check("/acme/web/_apis/Build/definitions", "/acme/web/_apis/build/Definitions");
        check("/acme/_apis/projects/Pipelines", "/acme/_apis/projects/Pipelines");
        check("/acme/_apis/Build", "/acme/_apis/Build");
        check("/acme/_apis/none/Of/These", "/acme/_apis/none/Of/These");
        check("/", "/");
    }
}
