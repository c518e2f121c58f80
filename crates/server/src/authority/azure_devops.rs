//! What the built-in API `azure-devops` declares: the scopes of that product under its own names, what each brings
//! along, and which scope a call needs.
//!
//! The names and what implies what follow that product's published table of scopes; the words about them are ours.
//! The routes are those calls of its REST API that scripts make most: a gateway in front of such a server asks by
//! them. Whatever they do not name is refused there, so a deployment that needs more registers an API of its own.

use jeton_token::{Catalogue, CatalogueScope, Route, Scope};

/// The first segment of those scopes.
pub(super) const NAMESPACE: &str = "vso";

/// The scope behind which everything stands.
const EVERYTHING: &str = "user_impersonation";

/// Scope without the namespace, what it is for, and what it brings along.
type Declared = (&'static str, &'static str, &'static [&'static str]);

const SCOPES: &[Declared] = &[
    ("advsec", "see security alerts", &[]),
    ("advsec_write", "upload security analyses and change alerts", &["advsec"]),
    ("advsec_manage", "switch security scanning on and off", &["advsec_write"]),
    ("agentpools", "see agent pools and agents", &[]),
    ("agentpools_manage", "manage agent pools and agents", &["agentpools"]),
    ("environment_manage", "manage environments", &["agentpools_manage"]),
    ("machinegroup_manage", "manage deployment groups", &["agentpools_manage"]),
    ("analytics", "query analytics", &[]),
    ("auditlog", "read the audit log", &[]),
    ("auditstreams_manage", "manage streams of the audit log", &["auditlog"]),
    ("build", "see builds, definitions and pipelines", &["hooks_write"]),
    ("build_execute", "queue builds and run pipelines", &["build"]),
    ("code", "read source code, commits and pull requests", &["hooks_write"]),
    ("code_write", "change source code and pull requests", &["code"]),
    ("code_manage", "make and remove repositories", &["code_write"]),
    ("code_full", "everything about source code, policies included", &["code_manage"]),
    ("code_status", "read and write statuses of commits", &[]),
    ("connected_server", "speak as a connected server", &[]),
    ("dashboards", "see dashboards", &[]),
    ("dashboards_manage", "manage dashboards", &["dashboards"]),
    ("entitlements", "see who has which licence", &[]),
    ("extension", "see installed extensions", &["profile"]),
    ("extension_manage", "install and remove extensions", &["extension"]),
    ("extension.data", "read what extensions keep", &["profile"]),
    ("extension.data_write", "change what extensions keep", &["extension.data"]),
    ("gallery", "see the marketplace", &["profile"]),
    ("gallery_acquire", "acquire from the marketplace", &["gallery"]),
    ("gallery_publish", "publish to the marketplace", &["gallery"]),
    ("gallery_manage", "manage what one publishes", &["gallery_publish"]),
    ("githubconnections", "see connections to GitHub", &[]),
    ("githubconnections_manage", "manage connections to GitHub", &["githubconnections"]),
    ("graph", "read users, groups and memberships", &[]),
    ("graph_manage", "change users, groups and memberships", &["graph"]),
    ("hooks", "see service hooks", &["profile"]),
    ("hooks_write", "make and change service hooks", &["hooks"]),
    ("identity", "read identities and groups", &[]),
    ("identity_manage", "change identities and groups", &["identity"]),
    ("memberentitlementmanagement", "see members and what they are entitled to", &[]),
    ("memberentitlementmanagement_write", "add and change members", &["memberentitlementmanagement"]),
    ("notification", "see subscriptions", &["profile"]),
    ("notification_write", "change subscriptions", &["notification"]),
    ("notification_manage", "manage subscriptions of others", &["notification_write"]),
    ("notification_diagnostics", "see why a notification was sent", &["notification"]),
    ("packaging", "read feeds and packages", &["profile"]),
    ("packaging_write", "publish packages", &["packaging"]),
    ("packaging_manage", "make and remove feeds", &["packaging_write"]),
    ("pats", "see one's own tokens", &[]),
    ("pats_manage", "make, change and end one's own tokens", &["pats"]),
    ("pipelineresources_use", "use protected resources in pipelines", &[]),
    ("pipelineresources_manage", "manage protected resources", &["pipelineresources_use"]),
    ("profile", "see one's own profile", &[]),
    ("profile_write", "change one's own profile", &["profile"]),
    ("project", "see projects and teams", &[]),
    ("project_write", "change projects and teams", &["project"]),
    ("project_manage", "make and remove projects and teams", &["project_write"]),
    ("release", "see releases", &["profile"]),
    ("release_execute", "make and start releases", &["release"]),
    ("release_manage", "remove and approve releases", &["release_execute"]),
    ("securefiles_read", "read secure files", &[]),
    ("securefiles_write", "add and change secure files", &["securefiles_read"]),
    ("securefiles_manage", "manage secure files", &["securefiles_write"]),
    ("security_manage", "change permissions", &[]),
    ("serviceendpoint", "see service connections", &["profile"]),
    ("serviceendpoint_query", "query service connections", &["serviceendpoint"]),
    ("serviceendpoint_manage", "manage service connections", &["serviceendpoint_query"]),
    ("settings", "read settings", &[]),
    ("settings_write", "change settings", &["settings"]),
    ("symbols", "read symbols", &["profile"]),
    ("symbols_write", "upload symbols", &["symbols"]),
    ("symbols_manage", "manage symbols", &["symbols_write"]),
    ("taskgroups_read", "read task groups", &[]),
    ("taskgroups_write", "make and change task groups", &["taskgroups_read"]),
    ("taskgroups_manage", "manage task groups", &["taskgroups_write"]),
    ("test", "read test plans and results", &["profile"]),
    ("test_write", "change test plans and results", &["test"]),
    ("threads_full", "read and write comments on pull requests", &[]),
    ("tokenadministration", "see and end anybody's tokens", &[]),
    ("tokens", "manage delegated authorizations", &[]),
    ("variablegroups_read", "read variable groups", &[]),
    ("variablegroups_write", "make and change variable groups", &["variablegroups_read"]),
    ("variablegroups_manage", "manage variable groups", &["variablegroups_write"]),
    ("wiki", "read wikis", &[]),
    ("wiki_write", "change wikis", &["wiki"]),
    ("work", "read work items, boards and queries", &["hooks_write"]),
    ("work_write", "make and change work items and queries", &["work"]),
    ("work_full", "everything about work items", &["work_write"]),
];

/// Method, path behind the organization, scope without the namespace. A path with a project acts at that project, any
/// other at the whole organization.
const ROUTES: &[(&str, &str, &str)] = &[
    ("OPTIONS", "_apis", "profile"),
    ("OPTIONS", "_apis/{area}", "profile"),
    ("GET", "_apis/ResourceAreas", "profile"),
    ("GET", "_apis/connectionData", "profile"),
    ("GET", "_apis/projects", "project"),
    ("GET", "_apis/projects/{id}", "project"),
    ("GET", "_apis/git/repositories", "code"),
    ("GET", "_apis/wit/workItems", "work"),
    ("GET", "_apis/wit/workItems/{id}", "work"),
    ("PATCH", "_apis/wit/workItems/{id}", "work_write"),
    ("GET", "{project}/_apis/build/builds", "build"),
    ("POST", "{project}/_apis/build/builds", "build_execute"),
    ("GET", "{project}/_apis/build/builds/{id}", "build"),
    ("PATCH", "{project}/_apis/build/builds/{id}", "build_execute"),
    ("GET", "{project}/_apis/build/definitions", "build"),
    ("GET", "{project}/_apis/build/definitions/{id}", "build"),
    ("GET", "{project}/_apis/git/repositories", "code"),
    ("POST", "{project}/_apis/git/repositories", "code_manage"),
    ("GET", "{project}/_apis/git/repositories/{id}", "code"),
    ("GET", "{project}/_apis/git/repositories/{id}/commits", "code"),
    ("GET", "{project}/_apis/git/repositories/{id}/items", "code"),
    ("GET", "{project}/_apis/git/repositories/{id}/pullRequests", "code"),
    ("POST", "{project}/_apis/git/repositories/{id}/pullRequests", "code_write"),
    ("POST", "{project}/_apis/git/repositories/{id}/pushes", "code_write"),
    ("GET", "{project}/_apis/git/repositories/{id}/refs", "code"),
    ("GET", "{project}/_apis/pipelines", "build"),
    ("GET", "{project}/_apis/pipelines/{id}", "build"),
    ("GET", "{project}/_apis/pipelines/{id}/runs", "build"),
    ("POST", "{project}/_apis/pipelines/{id}/runs", "build_execute"),
    ("GET", "{project}/_apis/wit/workItems", "work"),
    ("GET", "{project}/_apis/wit/workItems/{id}", "work"),
    ("POST", "{project}/_apis/wit/workItems/{id}", "work_write"),
    ("PATCH", "{project}/_apis/wit/workItems/{id}", "work_write"),
    ("POST", "{project}/_apis/wit/wiql", "work"),
];

/// The scopes of the built-in API.
pub(super) fn catalogue() -> Option<Catalogue> {
    let everything = CatalogueScope {
        name: scope(EVERYTHING)?,
        description: "everything that the person may".to_owned(),
        implies: SCOPES.iter().map(|(name, _, _)| scope(name)).collect::<Option<_>>()?,
    };
    let declared = |(name, description, implies): &Declared| {
        Some(CatalogueScope {
            name: scope(name)?,
            description: (*description).to_owned(),
            implies: implies.iter().map(|implied| scope(implied)).collect::<Option<_>>()?,
        })
    };
    let scopes = SCOPES.iter().map(declared).chain([Some(everything)]);
    Catalogue::new(NAMESPACE, scopes.collect::<Option<Vec<_>>>()?).ok()
}

/// The routes of the built-in API. That product does not mind the case of a path and its clients differ in it, so each
/// route stands there as its documents have it and, where that is another one, in lower case.
pub(super) fn routes() -> Option<Vec<Route>> {
    let mut routes = Vec::new();
    for (method, path, needed) in ROUTES {
        let lower = path.to_ascii_lowercase();
        for path in std::iter::once(*path).chain(Some(lower.as_str()).filter(|lower| lower != path)) {
            routes.push(route(method, path, needed)?);
        }
    }
    Some(routes)
}

fn route(method: &str, path: &str, needed: &str) -> Option<Route> {
    let at = if path.starts_with("{project}") { "{organization}/{project}" } else { "{organization}/*" };
    Some(Route {
        method: method.to_owned(),
        path: format!("/{{organization}}/{path}"),
        scope: scope(needed)?,
        resource: Some(at.to_owned()),
    })
}

fn scope(name: &str) -> Option<Scope> {
    format!("{NAMESPACE}.{name}").parse().ok()
}

#[cfg(test)]
mod tests {
    use jeton_token::RouteTable;

    use super::*;

    #[track_caller]
    fn implied(name: &str) -> Vec<String> {
        let catalogue = catalogue().unwrap();
        let name = name.parse().unwrap();
        catalogue.implications(&name).map(ToString::to_string).collect()
    }

    #[test]
    fn scopes_bring_along_what_that_product_says() {
        assert_eq!(
            implied("vso.build_execute"),
            ["vso.build", "vso.hooks", "vso.hooks_write", "vso.profile"]
        );
        assert_eq!(implied("vso.project_manage"), ["vso.project", "vso.project_write"]);
        assert_eq!(implied("vso.gallery_manage"), ["vso.gallery", "vso.gallery_publish", "vso.profile"]);
        assert_eq!(implied("vso.machinegroup_manage"), ["vso.agentpools", "vso.agentpools_manage"]);
        assert_eq!(implied("vso.pats_manage"), ["vso.pats"]);
        assert_eq!(implied("vso.build"), ["vso.hooks", "vso.hooks_write", "vso.profile"]);
        assert_eq!(implied("vso.security_manage"), Vec::<String>::new());
        assert_eq!(implied("vso.user_impersonation").len(), SCOPES.len());
    }

    #[test]
    fn no_two_routes_claim_the_same_request() {
        let table = RouteTable::new(routes().unwrap()).unwrap();
        let need = |method: &str, path: &str| {
            let found = table.find(method, path).unwrap();
            found.map(|found| (found.scope.to_string(), found.resource.unwrap()))
        };
        let at = |scope: &str, place: &str| Some((scope.to_owned(), place.to_owned()));
        assert_eq!(need("OPTIONS", "/acme/_apis"), at("vso.profile", "acme/*"));
        assert_eq!(need("POST", "/acme/web/_apis/wit/workItems/$Task"), at("vso.work_write", "acme/web"));
        assert_eq!(need("POST", "/acme/web/_apis/wit/workitems/%24Task"), at("vso.work_write", "acme/web"));
        assert_eq!(need("POST", "/acme/web/_apis/build/builds"), at("vso.build_execute", "acme/web"));
        assert_eq!(need("GET", "/acme/web/_apis/git/repositories"), at("vso.code", "acme/web"));
        assert_eq!(need("GET", "/acme/_apis/projects"), at("vso.project", "acme/*"));
        assert_eq!(need("DELETE", "/acme/_apis/projects/7"), None);
    }

    #[test]
    fn every_route_needs_a_declared_scope() {
        let catalogue = catalogue().unwrap();
        assert!(routes().unwrap().iter().all(|route| catalogue.has(&route.scope)));
    }
}
