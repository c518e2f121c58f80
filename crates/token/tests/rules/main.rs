//! The rules by table and by property, one file for each noun.

#[cfg(test)]
mod sample;

#[cfg(test)]
mod alias;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod claim;
#[cfg(test)]
mod cut;
#[cfg(test)]
mod decision;
#[cfg(test)]
mod digest;
#[cfg(test)]
mod directory;
mod effect;
#[cfg(test)]
mod explanation;
#[cfg(test)]
mod id;
#[cfg(test)]
mod job;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod need;
#[cfg(test)]
mod path;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod principal;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod role;
#[cfg(test)]
mod route;
#[cfg(test)]
mod scope;
#[cfg(test)]
mod scope_set;
mod shape;
#[cfg(test)]
mod steady;
#[cfg(test)]
mod tenant;
#[cfg(test)]
mod token_text;
