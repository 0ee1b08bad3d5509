//! The life of children: started, parked, restarted, idle.
