//! What is wrong with a run, by its ledger.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::ledger::{Event, Fate, Kind};

/// One thing that may never happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// A client was asked for another, or a child got the answer of another.
    Misdelivered(String),
    /// A question that no child asked, or an answer that no client gave.
    Invented(String),
    /// A call without an end, or a question without an outcome.
    Hung(String),
    /// Asked twice, or replied to twice.
    Duplicated(String),
    /// An error where client, child and call were all there.
    Refused(String),
    /// What asks nothing went wrong.
    Disturbed(String),
}

/// A run in numbers.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong, in order.
    pub defects: Vec<Defect>,
    /// Questions that children asked.
    pub questions: usize,
    /// Those that were answered by a client.
    pub answered: usize,
    /// Those of them that were asked after their call had ended.
    pub answered_late: usize,
    /// Those that were refused, all of them late or of calls that their clients gave up.
    pub refused: usize,
    /// Calls that ask nothing.
    pub traffic: usize,
    /// How many questions were answered, by child, kind of client and kind of question.
    pub cells: BTreeMap<(String, Kind, String), usize>,
}

/// A question by its call and number.
type Id<'a> = (&'a str, u32);

struct Question<'a> {
    child: &'a str,
    client: &'a str,
    nonce: &'a str,
    kind: &'a str,
    late: bool,
    held: bool,
}

struct Call<'a> {
    client: &'a str,
    fate: Fate,
    questions: usize,
}

#[derive(Default)]
struct Index<'a> {
    clients: HashMap<&'a str, (&'a str, Kind)>,
    left: HashSet<&'a str>,
    calls: HashMap<&'a str, Call<'a>>,
    questions: HashMap<Id<'a>, Question<'a>>,
    /// Who was asked a question, and what they answered.
    asked: HashMap<Id<'a>, Vec<(&'a str, &'a str)>>,
}

/// Goes through everything that happened.
pub fn check(events: &[Event]) -> Report {
    let index = Index::of(events);
    let mut report = Report::default();
    let (mut questions, mut replied, mut ended) = (HashSet::new(), HashSet::new(), HashSet::new());
    for event in events {
        match event {
            Event::Question { call, n, .. } => {
                report.questions += 1;
                if !questions.insert((call.as_str(), *n)) {
                    report.fault(
                        Defect::Duplicated,
                        format!("{call}#{n}: the call was made twice"),
                    );
                }
                if !index.calls.contains_key(call.as_str()) {
                    report.fault(Defect::Invented, format!("{call}#{n}: of no call"));
                }
            }
            Event::Asked {
                by,
                call,
                client,
                nonce,
                n,
                ..
            } => index.asked(&mut report, by, (call, *n), client, nonce),
            Event::Reply {
                call,
                n,
                answer,
                refused,
                ..
            } => {
                if !replied.insert((call.as_str(), *n)) {
                    report.fault(Defect::Duplicated, format!("two replies to {call}#{n}"));
                }
                match answer {
                    Some(answer) => index.answered(&mut report, (call, *n), answer),
                    None => index.refused(&mut report, (call, *n), refused.as_deref()),
                }
            }
            Event::End {
                call,
                answers,
                error,
            } => {
                ended.insert(call.as_str());
                index.ended(&mut report, call, answers.as_deref(), error.as_deref());
            }
            Event::Traffic { client, ok, detail } => {
                report.traffic += 1;
                if !ok {
                    report.fault(Defect::Disturbed, format!("{client}: {detail}"));
                }
            }
            Event::Client { .. } | Event::Left { .. } | Event::Call { .. } => {}
        }
    }
    index.hung(&mut report, &replied, &ended);
    for (id, asked) in &index.asked {
        let mut clients = HashSet::new();
        for (client, _) in asked {
            if !clients.insert(client) {
                report.fault(
                    Defect::Duplicated,
                    format!("{client} was asked {} twice", show(*id)),
                );
            }
        }
    }
    report.defects.sort();
    report
}

impl Report {
    fn fault(&mut self, kind: impl FnOnce(String) -> Defect, what: String) {
        self.defects.push(kind(what));
    }

    /// The numbers, for people.
    pub fn summary(&self) -> String {
        use std::fmt::Write;
        let mut text = format!(
            "{} questions: {} answered ({} of them late), {} refused; {} calls that ask nothing; {} defects\n",
            self.questions,
            self.answered,
            self.answered_late,
            self.refused,
            self.traffic,
            self.defects.len()
        );
        for ((child, client, kind), count) in &self.cells {
            writeln!(text, "{count:>7}  {child} asks a {client:?} client: {kind}")
                .expect("a string can be written to");
        }
        text
    }
}

impl<'a> Index<'a> {
    fn of(events: &'a [Event]) -> Self {
        let mut index = Self::default();
        for event in events {
            match event {
                Event::Client {
                    client,
                    marker,
                    kind,
                } => {
                    index.clients.insert(client, (marker, *kind));
                }
                Event::Left { client } => {
                    index.left.insert(client);
                }
                Event::Call {
                    call,
                    client,
                    groups,
                    fate,
                    ..
                } => {
                    let call_of = Call {
                        client,
                        fate: *fate,
                        questions: groups.iter().map(Vec::len).sum(),
                    };
                    index.calls.insert(call, call_of);
                }
                Event::Question {
                    child,
                    call,
                    client,
                    nonce,
                    n,
                    kind,
                    late,
                    held,
                    ..
                } => {
                    let question = Question {
                        child,
                        client,
                        nonce,
                        kind,
                        late: *late,
                        held: *held,
                    };
                    index.questions.insert((call, *n), question);
                }
                Event::Asked {
                    by,
                    call,
                    n,
                    answer,
                    ..
                } => index
                    .asked
                    .entry((call, *n))
                    .or_default()
                    .push((by, answer)),
                Event::End { .. } | Event::Reply { .. } | Event::Traffic { .. } => {}
            }
        }
        index
    }

    /// Whether the client means to see the end of a call.
    fn kept(&self, call: &str) -> bool {
        self.calls
            .get(call)
            .is_some_and(|call| call.fate == Fate::Kept && !self.left.contains(call.client))
    }

    fn asked(&self, report: &mut Report, by: &str, id: Id<'_>, client: &str, nonce: &str) {
        let Some(question) = self.questions.get(&id) else {
            let what = format!(
                "{by} was asked {} ({nonce}), and no child asked it",
                show(id)
            );
            return report.fault(Defect::Invented, what);
        };
        if by != question.client {
            let what = format!(
                "{by} was asked {}, a question for {}",
                show(id),
                question.client
            );
            report.fault(Defect::Misdelivered, what);
        } else if client != question.client || nonce != question.nonce {
            let what = format!("{by} was asked {}, but not as the child asked it", show(id));
            report.fault(Defect::Invented, what);
        }
    }

    fn answered(&self, report: &mut Report, id: Id<'_>, answer: &str) {
        let Some(question) = self.questions.get(&id) else {
            return report.fault(
                Defect::Invented,
                format!("a reply to {}, which was not asked", show(id)),
            );
        };
        let marker = self.clients.get(question.client);
        let given = self.asked.get(&id).is_some_and(|asked| {
            asked
                .iter()
                .any(|(by, given)| *by == question.client && *given == answer)
        });
        if given && marker.is_some_and(|(marker, _)| answer.starts_with(marker)) {
            report.answered += 1;
            report.answered_late += usize::from(question.late);
            let kind = marker.map_or(Kind::Anonymous, |(_, kind)| *kind);
            let cell = (question.child.to_owned(), kind, question.kind.to_owned());
            *report.cells.entry(cell).or_default() += 1;
            return;
        }
        let owner = self
            .clients
            .iter()
            .find(|(name, (marker, _))| **name != question.client && answer.starts_with(marker));
        match owner {
            Some((owner, _)) => report.fault(
                Defect::Misdelivered,
                format!(
                    "{} for {} got an answer of {owner}: {answer}",
                    show(id),
                    question.client
                ),
            ),
            None => report.fault(
                Defect::Invented,
                format!(
                    "{} for {} got an answer that it never gave: {answer}",
                    show(id),
                    question.client
                ),
            ),
        }
    }

    fn refused(&self, report: &mut Report, id: Id<'_>, why: Option<&str>) {
        report.refused += 1;
        let due = self
            .questions
            .get(&id)
            .is_none_or(|question| !question.late)
            && self.kept(id.0);
        if due {
            let why = why.unwrap_or("the child gave it up");
            report.fault(Defect::Refused, format!("{}: {why}", show(id)));
        }
    }

    fn ended(
        &self,
        report: &mut Report,
        call: &str,
        answers: Option<&[String]>,
        error: Option<&str>,
    ) {
        if !self.kept(call) {
            return;
        }
        let Some(answers) = answers else {
            return report.fault(
                Defect::Refused,
                format!("{call}: {}", error.unwrap_or("no result")),
            );
        };
        let wanted = self.calls.get(call).map_or(0, |call| call.questions);
        if answers.len() != wanted {
            let what = format!("{call}: {} answers to {wanted} questions", answers.len());
            return report.fault(Defect::Invented, what);
        }
        for (answer, n) in answers.iter().zip(1..) {
            let given = self
                .asked
                .get(&(call, n))
                .is_some_and(|asked| asked.iter().any(|(_, given)| given == answer));
            if !given {
                report.fault(
                    Defect::Invented,
                    format!("the result of {call} has {answer} for #{n}"),
                );
            }
        }
    }

    fn hung(&self, report: &mut Report, replied: &HashSet<Id<'_>>, ended: &HashSet<&str>) {
        for (id, question) in &self.questions {
            // A call that is kept shows by its end whether a stateless child got what it asked for.
            if question.held && !replied.contains(id) {
                report.fault(
                    Defect::Hung,
                    format!("{} of {} has no outcome", show(*id), question.child),
                );
            }
        }
        for (name, call) in &self.calls {
            if call.fate != Fate::Left && !self.left.contains(call.client) && !ended.contains(name)
            {
                report.fault(Defect::Hung, format!("{name} has no end"));
            }
        }
    }
}

fn show((call, n): Id<'_>) -> String {
    format!("{call}#{n}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"
        {"event":"client","client":"a","marker":"a-1","kind":"legacy"}
        {"event":"client","client":"b","marker":"b-2","kind":"principal"}
        {"event":"call","call":"a/1","client":"a","child":"pipe","nonce":"x","groups":[["form"],["roots"]],"fate":"kept"}
        {"event":"call","call":"b/2","client":"b","child":"pipe","nonce":"y","groups":[["form"]],"fate":"cancelled"}
        {"event":"question","child":"pipe","call":"a/1","client":"a","nonce":"x","n":1,"kind":"form","late":false,"held":true}
        {"event":"asked","by":"a","call":"a/1","client":"a","nonce":"x","n":1,"answer":"a-1/x/1"}
        {"event":"question","child":"pipe","call":"b/2","client":"b","nonce":"y","n":1,"kind":"form","late":false,"held":true}
        {"event":"asked","by":"b","call":"b/2","client":"b","nonce":"y","n":1,"answer":"b-2/y/1"}
        {"event":"reply","call":"b/2","n":1,"refused":"cancelled"}
        {"event":"end","call":"b/2","error":"cancelled"}
        {"event":"reply","call":"a/1","n":1,"answer":"a-1/x/1"}
        {"event":"question","child":"pipe","call":"a/1","client":"a","nonce":"x","n":2,"kind":"roots","late":false,"held":true}
        {"event":"asked","by":"a","call":"a/1","client":"a","nonce":"x","n":2,"answer":"a-1/x/2"}
        {"event":"reply","call":"a/1","n":2,"answer":"a-1/x/2"}
        {"event":"end","call":"a/1","answers":["a-1/x/1","a-1/x/2"]}
        {"event":"question","child":"pipe","call":"a/1","client":"a","nonce":"x","n":3,"kind":"form","late":true,"held":true}
        {"event":"reply","call":"a/1","n":3,"refused":"no call"}
        {"event":"traffic","client":"b","ok":true,"detail":""}
    "#;

    fn events(text: &str) -> Vec<Event> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|problem| panic!("{problem}: {line}"))
            })
            .collect()
    }

    /// The defects of the sound ledger with one passage replaced.
    fn planted(from: &str, to: &str) -> Vec<Defect> {
        assert_eq!(SOUND.matches(from).count(), 1, "{from}");
        check(&events(&SOUND.replace(from, to))).defects
    }

    #[test]
    fn a_sound_ledger_has_no_defects() {
        let report = check(&events(SOUND));
        assert_eq!(report.defects, []);
        assert_eq!(
            (report.questions, report.answered, report.refused),
            (4, 2, 2)
        );
        assert_eq!(report.cells.values().sum::<usize>(), 2);
    }

    #[test]
    fn a_question_that_another_client_is_asked_is_misdelivered() {
        let found = planted(r#""by":"b","call":"b/2""#, r#""by":"a","call":"b/2""#);
        assert!(matches!(&found[..], [Defect::Misdelivered(_)]), "{found:?}");
    }

    #[test]
    fn a_late_question_that_another_client_is_asked_is_misdelivered() {
        let found = planted(
            r#"{"event":"reply","call":"a/1","n":3,"refused":"no call"}"#,
            r#"{"event":"asked","by":"b","call":"a/1","client":"a","nonce":"x","n":3,"answer":"b-2/x/3"}
               {"event":"reply","call":"a/1","n":3,"answer":"b-2/x/3"}"#,
        );
        assert!(
            matches!(
                &found[..],
                [Defect::Misdelivered(_), Defect::Misdelivered(_)]
            ),
            "{found:?}"
        );
    }

    #[test]
    fn a_late_question_that_its_own_client_answers_is_sound() {
        let found = planted(
            r#"{"event":"reply","call":"a/1","n":3,"refused":"no call"}"#,
            r#"{"event":"asked","by":"a","call":"a/1","client":"a","nonce":"x","n":3,"answer":"a-1/x/3"}
               {"event":"reply","call":"a/1","n":3,"answer":"a-1/x/3"}"#,
        );
        assert_eq!(found, []);
    }

    #[test]
    fn an_answer_of_another_client_is_misdelivered() {
        let found = planted(
            r#""reply","call":"a/1","n":1,"answer":"a-1/x/1""#,
            r#""reply","call":"a/1","n":1,"answer":"b-2/y/1""#,
        );
        assert!(matches!(&found[..], [Defect::Misdelivered(_)]), "{found:?}");
    }

    #[test]
    fn an_answer_that_nobody_gave_is_invented() {
        for answer in ["", "yes", "a-1/x/2", "(decline)"] {
            let found = planted(
                r#""reply","call":"a/1","n":1,"answer":"a-1/x/1""#,
                &format!(r#""reply","call":"a/1","n":1,"answer":"{answer}""#),
            );
            assert!(
                matches!(&found[..], [Defect::Invented(_)]),
                "{answer}: {found:?}"
            );
        }
    }

    #[test]
    fn a_question_that_no_child_asked_is_invented() {
        let found = planted(
            r#"{"event":"traffic","#,
            r#"{"event":"asked","by":"a","call":"a/1","client":"a","nonce":"x","n":9,"answer":"a-1/x/9"}
               {"event":"traffic","#,
        );
        assert!(matches!(&found[..], [Defect::Invented(_)]), "{found:?}");
    }

    #[test]
    fn a_question_that_arrives_altered_is_invented() {
        let found = planted(
            r#""nonce":"x","n":2,"answer""#,
            r#""nonce":"z","n":2,"answer""#,
        );
        assert!(matches!(&found[..], [Defect::Invented(_)]), "{found:?}");
    }

    #[test]
    fn a_result_with_other_answers_is_invented() {
        for answers in [r#"["a-1/x/1"]"#, r#"["a-1/x/1","a-1/x/1"]"#, "[]"] {
            let found = planted(r#"["a-1/x/1","a-1/x/2"]"#, answers);
            assert!(
                matches!(&found[..], [Defect::Invented(_)]),
                "{answers}: {found:?}"
            );
        }
    }

    #[test]
    fn a_question_without_an_outcome_hangs() {
        let found = planted(
            r#"{"event":"reply","call":"a/1","n":3,"refused":"no call"}"#,
            "",
        );
        assert!(matches!(&found[..], [Defect::Hung(_)]), "{found:?}");
    }

    #[test]
    fn a_call_without_an_end_hangs() {
        let found = planted(
            r#"{"event":"end","call":"a/1","answers":["a-1/x/1","a-1/x/2"]}"#,
            "",
        );
        assert!(matches!(&found[..], [Defect::Hung(_)]), "{found:?}");
    }

    #[test]
    fn a_call_of_a_client_that_left_needs_no_end() {
        let found = planted(
            r#"{"event":"end","call":"a/1","answers":["a-1/x/1","a-1/x/2"]}"#,
            r#"{"event":"left","client":"a"}"#,
        );
        assert_eq!(found, []);
    }

    #[test]
    fn a_question_asked_twice_is_duplicated() {
        let found = planted(
            r#"{"event":"traffic","#,
            r#"{"event":"asked","by":"a","call":"a/1","client":"a","nonce":"x","n":1,"answer":"a-1/x/1"}
               {"event":"traffic","#,
        );
        assert!(matches!(&found[..], [Defect::Duplicated(_)]), "{found:?}");
    }

    #[test]
    fn a_call_that_is_made_twice_is_duplicated() {
        let question = r#"{"event":"question","child":"pipe","call":"a/1","client":"a","nonce":"x","n":2,"kind":"roots","late":false,"held":true}"#;
        let found = planted(question, &format!("{question}\n{question}"));
        assert!(matches!(&found[..], [Defect::Duplicated(_)]), "{found:?}");
    }

    #[test]
    fn a_second_reply_is_duplicated() {
        let found = planted(
            r#"{"event":"traffic","#,
            r#"{"event":"reply","call":"a/1","n":1,"answer":"a-1/x/1"}
               {"event":"traffic","#,
        );
        assert!(matches!(&found[..], [Defect::Duplicated(_)]), "{found:?}");
    }

    #[test]
    fn a_refusal_without_need_is_one() {
        let found = planted(
            r#""reply","call":"a/1","n":2,"answer":"a-1/x/2""#,
            r#""reply","call":"a/1","n":2,"refused":"busy""#,
        );
        assert!(matches!(&found[..], [Defect::Refused(_)]), "{found:?}");
        let found = planted(
            r#""end","call":"a/1","answers":["a-1/x/1","a-1/x/2"]"#,
            r#""end","call":"a/1","error":"busy""#,
        );
        assert!(matches!(&found[..], [Defect::Refused(_)]), "{found:?}");
    }

    #[test]
    fn traffic_that_goes_wrong_is_disturbed() {
        let found = planted(r#""ok":true"#, r#""ok":false"#);
        assert!(matches!(&found[..], [Defect::Disturbed(_)]), "{found:?}");
    }
}
