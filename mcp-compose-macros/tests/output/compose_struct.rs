/// What is behind it.
#[derive(::core::clone::Clone)]
#[derive(::core::fmt::Debug)]
pub struct Backend {
    ///The child `database`.
    #[allow(dead_code)]
    pub database: ::renamed::Child,
    #[cfg(feature = "admin")]
    ///The child `admin`.
    #[allow(dead_code)]
    pub admin: ::renamed::Child,
    __declared: ::renamed::__private::Declared,
}
#[allow(dead_code)]
impl Backend {
    /// Starts every child that is not lazy, and waits for them. Without this each starts on its first use.
    ///
    /// # Errors
    /// When the composition is wrong.
    pub async fn connect(&self) -> ::core::result::Result<(), ::renamed::ServeError> {
        self.__declared.connect().await
    }
    /// All children, by namespace.
    #[must_use]
    pub fn children(&self) -> ::renamed::Children {
        self.__declared.children()
    }
}
impl ::renamed::IntoChildren for Backend {
    fn into_children(self) -> ::renamed::Composition {
        self.__declared.composition()
    }
}
impl ::renamed::IntoComposition for Backend {
    fn into_composition(self) -> ::renamed::Composition {
        self.__declared.composition()
    }
}
impl Backend {
    ///Declares the children. None is started: that is done on first use.
    #[must_use]
    #[allow(dead_code)]
    pub fn new(config: &Config) -> Self {
        let declared = ::renamed::__private::Declared::new({
            #[allow(unused_imports)]
            use ::renamed::{
                child::{stdio, http, session, local},
                from_file,
            };
            let composition = ::renamed::Composition::builder()
                .package(
                    ::core::env!("CARGO_PKG_NAME"),
                    ::core::env!("CARGO_PKG_VERSION"),
                );
            let composition = composition
                .child("database", stdio("tsx").arg("db.ts").env("DB_URL", &config.url));
            #[cfg(feature = "admin")]
            let composition = composition.child("admin", stdio("./admin"));
            let composition = composition.spread(shared(config));
            composition.build()
        });
        Self {
            database: declared.child("database"),
            #[cfg(feature = "admin")]
            admin: declared.child("admin"),
            __declared: declared,
        }
    }
}
