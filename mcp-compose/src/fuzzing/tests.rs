//! Each target on its corpus and on mutations of it.

#[path = "../../../fuzz/driver.rs"]
mod driver;

macro_rules! targets {
    ($($name:ident),*) => {
        $(#[test]
        fn $name() {
            let target = super::TARGETS.iter().find(|(name, _)| *name == stringify!($name));
            driver::run(stringify!($name), target.expect("it is one of the targets").1);
        })*

        #[test]
        fn none_is_left_out() {
            let tested = [$(stringify!($name)),*];
            assert_eq!(super::TARGETS.map(|(name, _)| name), tested);
        }
    };
}

targets!(
    lines, sse, message, payload, headers, uris, names, seal, config
);
