fn composition() {
    let _ = {
        #[allow(unused_imports)]
        use ::renamed::{
            child::{stdio, http, session, local},
            from_file,
        };
        let composition = ::renamed::Composition::builder()
            .package(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));
        let composition = composition.name("factory");
        let composition = composition.separator("__");
        let composition = composition.local(Todos::new());
        let composition = composition
            .child("database", stdio("tsx").arg("db.ts").env("DB_URL", &config.url));
        let composition = composition
            .child("my-notes", http(url)?.bearer(token().await));
        #[cfg(feature = "admin")]
        let composition = composition.child("admin", stdio("./admin").lazy());
        let composition = composition.spread(shared());
        composition.build()
    };
}
