//! A person at a browser: opens pages, fills in the forms that are there, follows where they are sent, and keeps
//! cookies. Nothing here knows what the pages are, beyond the names of the fields that a person fills in.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, Response};
use tokio::runtime::Runtime;
use url::Url;

/// Longer chains of pages lead nowhere.
const STEPS_MAX: usize = 10;

pub(crate) struct Person {
    runtime: Runtime,
    client: Client,
    cookies: BTreeMap<String, String>,
}

/// What a person sees.
#[derive(Debug)]
pub(crate) struct Page {
    url: Url,
    status: u16,
    pub(crate) html: String,
}

impl Person {
    pub(crate) fn new() -> Self {
        let client =
            Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { runtime: Runtime::new().unwrap(), client, cookies: BTreeMap::new() }
    }

    /// Opens a page, wherever that leads.
    pub(crate) fn open(&mut self, url: &Url) -> Page {
        self.go(Method::GET, url.clone(), &[])
    }

    /// Fills in the form of the page and sends it.
    pub(crate) fn submit(&mut self, page: &Page, filled: &[(&str, &str)]) -> Page {
        let form = page.html.split("<form ").nth(1).unwrap_or_else(|| panic!("no form in {page:?}"));
        let form = form.split("</form>").next().unwrap();
        let action = page.url.join(&attribute(form, "action").unwrap()).unwrap();
        let mut fields: Vec<(String, String)> = form.split("<input ").skip(1).filter_map(hidden).collect();
        fields.extend(filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.go(Method::POST, action, &fields)
    }

    #[expect(clippy::needless_pass_by_value, reason = "the address is where it starts")]
    fn go(&mut self, method: Method, url: Url, fields: &[(String, String)]) -> Page {
        let mut page = self.step(&method, url, fields);
        for _ in 0..STEPS_MAX {
            match next(&page) {
                Ok(next) => page = self.step(&Method::GET, next, &[]),
                Err(()) => return page.0,
            }
        }
        panic!("the pages do not end: {page:?}");
    }

    /// One request: the page, and where it sends the browser.
    fn step(&mut self, method: &Method, url: Url, fields: &[(String, String)]) -> (Page, Option<String>) {
        let origin = url.origin().ascii_serialization();
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        let mut request = self.client.request(method.clone(), url.clone());
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if *method == Method::POST {
            request = request.header(ORIGIN, origin).header("Sec-Fetch-Site", "same-origin").form(fields);
        }
        let response = self.runtime.block_on(request.send()).unwrap();
        self.keep_cookies(&response);
        let to = response.headers().get(LOCATION).map(|to| to.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let html = self.runtime.block_on(response.text()).unwrap();
        (Page { url, status, html }, to)
    }

    fn keep_cookies(&mut self, response: &Response) {
        for cookie in response.headers().get_all(SET_COOKIE) {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

/// Where a browser goes on by itself: a redirect, or a page that says so.
fn next((page, location): &(Page, Option<String>)) -> Result<Url, ()> {
    let refresh = || {
        let content = page.html.split("http-equiv=\"refresh\"").nth(1)?;
        let content = attribute(content, "content")?;
        content.split_once("url=").map(|(_, to)| to.to_owned())
    };
    let to = location.clone().filter(|_| (300..400).contains(&page.status)).or_else(refresh).ok_or(())?;
    Ok(page.url.join(&to).unwrap())
}

fn hidden(input: &str) -> Option<(String, String)> {
    let input = input.split('>').next()?;
    (attribute(input, "type")? == "hidden")
        .then(|| (attribute(input, "name").unwrap(), attribute(input, "value").unwrap()))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
    let entities =
        [("&#38;", "&"), ("&amp;", "&"), ("&#34;", "\""), ("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'")];
    Some(entities.iter().fold(value.to_owned(), |value, (entity, sign)| value.replace(entity, sign)))
}
