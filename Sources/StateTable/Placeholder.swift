// SPDX-License-Identifier: Apache-2.0
let placeholderStateTable = 0
