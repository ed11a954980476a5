//! Makes `message/generated` from `message_template.msg`.

use std::path::Path;
use std::{env, error, fs};

#[expect(unreachable_pub, reason = "shared with the library, which uses the rest")]
#[path = "src/template/mod.rs"]
mod template;

fn main() -> Result<(), Box<dyn error::Error>> {
    const TEMPLATE: &str = "message_template.msg";
    println!("cargo::rerun-if-changed={TEMPLATE}");
    println!("cargo::rerun-if-changed=src/template");
    let text = fs::read_to_string(TEMPLATE)?;
    let parsed = template::parse::parse(&text)
        .and_then(|parsed| template::check::check(&parsed).map(|()| parsed));
    match parsed {
        Ok(parsed) => {
            let out = env::var_os("OUT_DIR").ok_or("cargo has not set OUT_DIR")?;
            fs::write(Path::new(&out).join("messages.rs"), template::emit::emit(&parsed))?;
        }
        Err(error) => println!("cargo::error={TEMPLATE}: {error}"),
    }
    Ok(())
}
