//! Pages of lists in which a caller sees only some of what is there.

use super::Error;
use crate::store::StoreError;

/// How many rows are read at once.
pub(super) const READ: i64 = 500;
/// How often that is done at most to fill one page: a list never keeps the store busy for long, however little of it
/// the caller sees.
const READS_MAX: usize = 20;

/// One page.
#[derive(Debug)]
pub(crate) struct Page<T, K = i64> {
    pub(crate) items: Vec<T>,
    /// Behind what the next page begins, if there may be one.
    pub(crate) next: Option<K>,
}

/// Reads until the page is full of what is seen, or for as long as one page may take: then it is shorter, or empty,
/// and says where to go on.
pub(super) async fn seen<T, K: Copy, F: Future<Output = Result<Vec<T>, StoreError>>>(
    read: impl Fn(Option<K>) -> F,
    sees: impl Fn(&T) -> bool,
    key: impl Fn(&T) -> K,
    mut behind: Option<K>,
    limit: usize,
) -> Result<Page<T, K>, Error> {
    let mut items = Vec::new();
    for _ in 0..READS_MAX {
        let rows = read(behind).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|count| count < READ);
        for row in rows {
            behind = Some(key(&row));
            if sees(&row) {
                items.push(row);
            }
            if items.len() == limit {
                return Ok(Page { items, next: behind });
            }
        }
        if is_last {
            return Ok(Page { items, next: None });
        }
    }
    Ok(Page { items, next: behind })
}
