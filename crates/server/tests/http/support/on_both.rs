//! Rules that touch the store hold on both databases, so their tests run on both.

/// Makes a test on SQLite and one on PostgreSQL of each `async fn(Authority)`. Those that are `alone` get a server
/// of their own, whose clock they may move; the others share one, and so make people and APIs with fresh names.
macro_rules! on_both {
    ($(alone: $($alone:ident),+;)? $(shared: $($shared:ident),+;)?) => {
        mod on_sqlite {
            use crate::support::Authority;
            $($(#[tokio::test]
            async fn $alone() {
                super::$alone(Authority::sqlite().await).await;
            })+)?
            $($(#[tokio::test]
            async fn $shared() {
                super::$shared(Authority::shared_sqlite()).await;
            })+)?
        }

        mod on_postgres {
            use crate::support::Authority;
            $($(#[tokio::test]
            async fn $alone() {
                let Some(authority) = Authority::postgres().await else { return };
                super::$alone(authority).await;
            })+)?
            $($(#[tokio::test]
            async fn $shared() {
                let Some(authority) = Authority::shared_postgres() else { return };
                super::$shared(authority).await;
            })+)?
        }
    };
}
