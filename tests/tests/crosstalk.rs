//! Nobody gets another's question: many clients at once, through one composition, each asked for what only it knows.
//!
//! `cargo xtask crosstalk` runs the same with more questions; it sets `CROSSTALK_QUESTIONS` and `CROSSTALK_SEED`.

use std::time::Duration;

use mcp_compose_tests::aggregator::Aggregator;
use mcp_compose_tests::crosstalk::{Asking, Kind, Report, Rude, Run, Scene};
use serde_json::json;

/// Questions of each run, where nobody asks for more.
const QUESTIONS: usize = 120;
const SEED: u64 = 20_260_728;
/// How long an answer is waited for; what clients leave behind is refused then.
const QUESTION_TIMEOUT: u64 = 15;
/// How long a child waits at most for the outcome of a question that nobody will answer.
const PATIENCE: Duration = Duration::from_secs(QUESTION_TIMEOUT + 30);

fn run(clients: usize, era: &'static str) -> Run {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let questions = number("CROSSTALK_QUESTIONS").unwrap_or(QUESTIONS as u64);
    Run {
        clients,
        questions: usize::try_from(questions)
            .expect("a count")
            .max(clients * 3),
        seed: number("CROSSTALK_SEED").unwrap_or(SEED),
        era,
        polite: false,
    }
}

/// Checks that nothing went wrong, and that each of these children was answered, and by each kind of client somebody. Keeps
/// the ledger of a run that went wrong.
fn sound(scene: Scene, report: &Report, run: Run, children: &[Asking], kinds: &[Kind]) {
    eprintln!("{run:?}: {}", report.summary());
    if !report.defects.is_empty() {
        let shown = &report.defects[..report.defects.len().min(20)];
        panic!(
            "{run:?}: {shown:#?}\n{}\nthe ledger is {}",
            report.summary(),
            scene.keep().display()
        );
    }
    assert!(report.answered * 2 > run.questions, "{}", report.summary());
    // Who meets whom follows from the seed; that nobody was left out does not.
    for child in children {
        let mut cells = report.cells.keys();
        let answered = cells.any(|(name, _, _)| name == child.name());
        assert!(answered, "nobody answered {child:?}: {}", report.summary());
    }
    for kind in kinds {
        let mut cells = report.cells.keys();
        let answered = cells.any(|(_, client, _)| client == kind);
        assert!(
            answered,
            "no {kind:?} client answered: {}",
            report.summary()
        );
    }
}

/// The harness itself, without an aggregator: the child, the clients and the checker agree.
///
/// The clients are polite: no SDK has an outcome for what a child asks a client that is gone.
async fn direct(child: Asking, era: &'static str, kinds: &[Kind]) {
    let scene = Scene::new(&[child]).await;
    let run = Run {
        polite: true,
        ..run(4, era)
    };
    scene.clients(scene.url(child), run, &[]).await;
    let report = scene.settled(PATIENCE).await;
    sound(scene, &report, run, &[child], kinds);
}

#[tokio::test]
async fn without_an_aggregator_a_legacy_child_and_its_clients_are_sound() {
    direct(Asking::Http, "legacy", &[Kind::Legacy]).await;
}

#[tokio::test]
async fn without_an_aggregator_a_modern_child_and_its_clients_are_sound() {
    direct(
        Asking::Modern,
        "modern",
        &[Kind::Principal, Kind::Anonymous],
    )
    .await;
}

/// Clients of both eras, all children, and rude clients among them.
async fn composed(clients: usize) {
    let children = Asking::ALL;
    let scene = Scene::new(&children).await;
    let settings =
        json!({ "questionTimeout": QUESTION_TIMEOUT, "maxInstances": 80, "maxParked": 500 });
    let aggregator = Aggregator::http(&scene.config(&children, &settings)).await;
    let run = run(clients, "both");
    let rude = Rude {
        url: aggregator.url.clone(),
        ledger: scene.ledger(),
    };
    tokio::join!(
        scene.clients(&aggregator.url, run, &children),
        misbehave(rude)
    );
    let report = scene.settled(PATIENCE).await;
    // Of two clients, one is of each era.
    let kinds = &[Kind::Legacy, Kind::Principal, Kind::Anonymous][..clients.min(3)];
    sound(scene, &report, run, &children, kinds);
}

async fn misbehave(rude: Rude) {
    for child in [Asking::Pipe, Asking::Http] {
        rude.vanishes(&format!("vanishes-{child:?}"), child).await;
        rude.never_retries(&format!("parks-{child:?}"), child).await;
        rude.hangs_up(&format!("hangs-up-{child:?}"), child).await;
        rude.answers_twice(&format!("twice-{child:?}"), child).await;
    }
    rude.forges("forger").await;
}

#[tokio::test]
async fn of_2_clients_each_gets_its_own_questions() {
    composed(2).await;
}

#[tokio::test]
async fn of_8_clients_each_gets_its_own_questions() {
    composed(8).await;
}

#[tokio::test]
async fn of_32_clients_each_gets_its_own_questions() {
    composed(32).await;
}
