//! The page that viewers show on their login screen and browsers at the login URI.

use crate::llsd::xml::escape_into;

/// What the page says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Welcome {
    /// Name of the grid.
    pub grid_name: String,
    /// What to enter in a viewer's grid manager.
    pub login_uri: String,
    /// A line of the operator's own; left out when empty.
    pub message: String,
    /// Names of the regions.
    pub regions: Vec<String>,
    /// How many agents are logged in.
    pub online: usize,
    /// Names of the ready-made accounts, if they are on. Their password is `test`.
    pub test_accounts: Vec<String>,
}

/// The page as HTML, without scripts and without anything to fetch.
pub fn page(welcome: &Welcome) -> String {
    let mut out = String::from(HEAD);
    let mut piece = |before: &str, text: &str, after: &str| {
        out.push_str(before);
        escape_into(&mut out, text);
        out.push_str(after);
    };
    piece("<title>", &welcome.grid_name, "</title></head><body>");
    piece("<h1>", &welcome.grid_name, "</h1>");
    if !welcome.message.is_empty() {
        piece("<p>", &welcome.message, "</p>");
    }
    let online = welcome.online.to_string();
    piece("<p>A Holm grid. Login address: <code>", &welcome.login_uri, "</code></p>");
    piece("<p>Regions: ", &welcome.regions.join(", "), ". ");
    piece("Online: ", &online, ".</p>");
    if !welcome.test_accounts.is_empty() {
        piece("<p>Test accounts: ", &welcome.test_accounts.join(", "), "; password ");
        piece("<code>", "test", "</code>.</p>");
    }
    out.push_str("</body></html>\n");
    out
}

const HEAD: &str = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <style>body{font:16px sans-serif;margin:3em auto;max-width:36em;\
    background:#12202c;color:#dde6ee}code{color:#9fd0ff}</style>";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_tells_about_test_accounts_only_if_there_are_some() {
        let mut welcome = Welcome { grid_name: "A <b> grid".to_owned(), ..Default::default() };
        let page_without = page(&welcome);
        assert!(page_without.contains("<h1>A &lt;b&gt; grid</h1>"));
        assert!(!page_without.contains("password"));
        welcome.test_accounts = vec!["Test User".to_owned()];
        assert!(page(&welcome).contains("Test accounts: Test User; password <code>test</code>"));
    }
}
