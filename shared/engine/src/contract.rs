//! What a store, a queue and a catalog promise, as tests. Whoever writes one runs them over it:
//!
//! ```ignore
//! segno_engine::store_contract!(async { MyStore::default() });
//! segno_engine::catalog_contract!(async { MyStore::default() });
//! ```

pub mod catalog;
pub mod queue;
pub mod store;

/// Generates a test for each promise of [`Store`](crate::Store). The argument makes an empty store.
#[macro_export]
macro_rules! store_contract {
    ($store:expr) => {
        $crate::store_promises! { $crate::store_contract!(@each $store =>) }
    };
    (@each $store:expr => $($promise:ident,)+) => {
        $(
            #[tokio::test]
            async fn $promise() {
                $crate::contract::store::$promise($store.await).await;
            }
        )+
    };
}

/// Generates a test for each promise of [`Queue`](crate::Queue). The argument makes an empty queue
/// whose time passes with `tokio::time`, and whose messages come back within a minute.
#[macro_export]
macro_rules! queue_contract {
    ($queue:expr) => {
        $crate::queue_promises! { $crate::queue_contract!(@each $queue =>) }
    };
    (@each $queue:expr => $($promise:ident,)+) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $promise() {
                $crate::contract::queue::$promise($queue).await;
            }
        )+
    };
}

/// Generates a test for each promise of [`Catalog`](crate::Catalog). The argument makes an empty
/// catalog.
#[macro_export]
macro_rules! catalog_contract {
    ($catalog:expr) => {
        $crate::catalog_promises! { $crate::catalog_contract!(@each $catalog =>) }
    };
    (@each $catalog:expr => $($promise:ident,)+) => {
        $(
            #[tokio::test]
            async fn $promise() {
                $crate::contract::catalog::$promise($catalog.await).await;
            }
        )+
    };
}

/// Hands the names of the promises of [`Store`](crate::Store) to a macro, after what it is given
/// here: for a harness that is not Rust's own.
#[macro_export]
macro_rules! store_promises {
    ($($path:tt)::+ !($($given:tt)*)) => {
        $($path)::+! { $($given)*
            nothing_is_known_of_an_execution_without_commits,
            a_commit_reads_back_with_its_payloads,
            a_stale_commit_conflicts_and_writes_nothing,
            a_commit_that_its_writer_repeats_succeeds,
            history_pages_are_in_order_and_have_their_payloads,
            the_input_is_there_from_the_start,
            a_name_is_taken_once,
            a_start_that_is_repeated_is_the_same_start,
            a_name_that_is_used_again_does_not_meet_the_old_log,
            a_head_row_never_goes_back,
            a_commit_may_write_the_head_row_along,
            heads_are_listed_by_machine_newest_first,
            heads_are_listed_by_version_alias_and_status,
            whoever_decides_first_has_decided,
            decisions_are_listed_from_a_number_on,
            the_latest_beat_counts,
            claims_are_extended_by_holder,
            offers_wait_in_order_until_they_are_withdrawn,
            what_has_expired_is_gone_whole,
            open_executions_are_listed_in_pages,
        }
    };
}

/// Hands the names of the promises of [`Queue`](crate::Queue) to a macro, after what it is given
/// here: for a harness that is not Rust's own.
#[macro_export]
macro_rules! queue_promises {
    ($($path:tt)::+ !($($given:tt)*)) => {
        $($path)::+! { $($given)*
            a_message_is_received_as_it_was_sent,
            a_delayed_message_comes_no_earlier,
            a_message_comes_back_unless_it_is_deleted,
            a_message_is_recognised_when_it_comes_back,
            an_extended_message_stays_away,
        }
    };
}

/// Hands the names of the promises of [`Catalog`](crate::Catalog) to a macro, after what it is given
/// here: for a harness that is not Rust's own.
#[macro_export]
macro_rules! catalog_promises {
    ($($path:tt)::+ !($($given:tt)*)) => {
        $($path)::+! { $($given)*
            nothing_is_known_of_what_was_never_written,
            a_record_reads_back_as_it_was_written,
            a_record_is_created_once,
            a_stale_write_conflicts_and_writes_nothing,
            a_deleted_record_is_gone,
            an_etag_never_comes_again,
            records_are_listed_by_name_in_pages,
            a_content_reads_back_by_its_hash,
        }
    };
}
