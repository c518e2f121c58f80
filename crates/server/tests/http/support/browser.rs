//! A browser, as far as pages need one: it keeps cookies, says where forms come from, and follows where it is sent.

use std::collections::BTreeMap;

use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, redirect};
use url::Url;

use super::Authority;
use super::answer::Answer;

/// A browser with its cookies, by server and name.
pub(crate) struct Browser {
    client: Client,
    cookies: BTreeMap<(String, String), String>,
    /// Where it is.
    pub(crate) at: Url,
}

impl Browser {
    /// One that never was anywhere, about to go to this server.
    pub(crate) fn new(authority: &Authority) -> Self {
        let client = Client::builder().no_proxy().tls_certs_only([]).redirect(redirect::Policy::none());
        let at = Url::parse(&authority.url("/")).unwrap();
        Self { client: client.build().unwrap(), cookies: BTreeMap::new(), at }
    }

    /// One that is signed in by password.
    pub(crate) async fn signed_in(authority: &Authority, user: &str, password: &str) -> Self {
        let mut browser = Self::new(authority);
        browser.sign_in(user, password, "").await.expect(303);
        browser
    }

    /// Opens an address, which may be relative to where it is.
    pub(crate) async fn open(&mut self, address: &str) -> Answer {
        let url = self.at.join(address).unwrap();
        let request = self.client.get(url.clone());
        self.send(url, request).await
    }

    /// Opens an address and goes on as long as it is sent elsewhere.
    pub(crate) async fn follow(&mut self, address: &str) -> Answer {
        let mut answer = self.open(address).await;
        for _ in 0..10 {
            let to = answer.header(LOCATION.as_str()).to_owned();
            if to.is_empty() {
                return answer;
            }
            answer = self.open(&to).await;
        }
        panic!("it is sent around in circles");
    }

    /// Sends a form, as from a page of the same server.
    pub(crate) async fn submit(&mut self, address: &str, form: &[(&str, &str)]) -> Answer {
        let url = self.at.join(address).unwrap();
        let request = self.client.post(url.clone()).header("sec-fetch-site", "same-origin").form(form);
        self.send(url, request).await
    }

    /// Signs in by the form; an empty way back is none.
    pub(crate) async fn sign_in(&mut self, user: &str, password: &str, return_to: &str) -> Answer {
        let form = [("user", user), ("password", password), ("return_to", return_to)];
        self.submit("/sign-in", &form).await
    }

    /// A request of one's own with the cookies of the server where it is.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.at.join(path).unwrap();
        let request = self.client.request(method, url.clone());
        match self.cookie_field(&url) {
            Some(field) => request.header("cookie", field),
            None => request,
        }
    }

    /// A cookie of the server where it is.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(&(origin(&self.at), name.to_owned())).map(String::as_str)
    }

    /// Puts a cookie there, as somebody else might.
    pub(crate) fn plant(&mut self, name: &str, value: &str) {
        self.cookies.insert((origin(&self.at), name.to_owned()), value.to_owned());
    }

    /// The session that the server where it is has given it.
    pub(crate) fn session(&self) -> String {
        self.cookie("jeton").unwrap().to_owned()
    }

    async fn send(&mut self, url: Url, request: RequestBuilder) -> Answer {
        let request = match self.cookie_field(&url) {
            Some(field) => request.header("cookie", field),
            None => request,
        };
        let answer = Answer::to(request).await;
        for field in answer.headers.get_all(SET_COOKIE) {
            self.keep(&url, field.to_str().unwrap());
        }
        self.at = url;
        answer
    }

    fn keep(&mut self, url: &Url, field: &str) {
        let (pair, attributes) = field.split_once(';').unwrap_or((field, ""));
        let (name, value) = pair.split_once('=').unwrap();
        let key = (origin(url), name.to_owned());
        let attributes = attributes.to_ascii_lowercase();
        if value.is_empty()
            || attributes.contains("max-age=0")
            || attributes.contains("expires=thu, 01 jan 1970")
        {
            self.cookies.remove(&key);
        } else {
            self.cookies.insert(key, value.to_owned());
        }
    }

    fn cookie_field(&self, url: &Url) -> Option<String> {
        let ours = self.cookies.iter().filter(|((server, _), _)| *server == origin(url));
        let pairs: Vec<_> = ours.map(|((_, name), value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The value of an attribute of the first element that has this text in it.
pub(crate) fn attribute(html: &str, element: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(element)?;
    let (element, _) = rest.split_once('>')?;
    let (_, value) = element.split_once(&format!("{name}=\""))?;
    Some(unescape(value.split_once('"')?.0))
}

/// The names and values of all hidden fields.
pub(crate) fn hidden(html: &str) -> Vec<(String, String)> {
    let fields = html.split("<input type=\"hidden\"").skip(1);
    fields
        .map(|field| {
            let field = format!("<input{field}");
            (attribute(&field, "<input", "name").unwrap(), attribute(&field, "<input", "value").unwrap())
        })
        .collect()
}

fn unescape(text: &str) -> String {
    let text = text.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">");
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#38;", "&")
        .replace("&amp;", "&")
}
