//! A child that goes wrong where it is told to: `chaos_child NAME FOLDER legacy|modern stdio|http`.

use std::path::PathBuf;

use mcp_compose_tests::chaos::child::{Options, leak, linger, serve, wake};
use mcp_compose_tests::script::Era;

fn main() {
    let words: Vec<_> = std::env::args().skip(1).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse().expect("a number");
    match words[..] {
        ["wake", pid, seconds] => wake(pid.parse().expect("a process"), number(seconds)),
        ["linger", seconds] => linger(number(seconds)),
        ["leak", what] => leak(what),
        [name, folder, era, over] => {
            let era = match era {
                "modern" => Era::Modern,
                _ => Era::Legacy,
            };
            let options = Options {
                name: name.to_owned(),
                folder: PathBuf::from(folder),
                era,
            };
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime
                .expect("a runtime")
                .block_on(serve(options, over == "http"));
            // Whatever still runs ends with the process.
            std::process::exit(0);
        }
        _ => panic!("chaos_child NAME FOLDER legacy|modern stdio|http"),
    }
}
